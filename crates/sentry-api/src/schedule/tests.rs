use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn id(number: usize) -> TraceId {
    let bytes = (number as u128 + 1).to_be_bytes();
    TraceId::from_bytes(bytes).expect("not zero")
}

fn schedule() -> Schedule {
    Schedule::new(Delays::default())
}

/// Starts and finishes one request `seconds` after the epoch.
fn ask(schedule: &mut Schedule, seconds: u64, outcome: Outcome) -> (Option<TraceId>, Option<u64>) {
    let asked = schedule.start(seconds * SECOND);
    let next = schedule.finish(seconds * SECOND, outcome);
    (asked, next.map(|moment| moment / SECOND))
}

#[test]
fn trace_is_requested_as_planned_and_then_no_more() {
    let mut schedule = schedule();
    schedule.watch(id(1), 100 * SECOND);
    let mut asked = Vec::new();
    while let Some(next) = schedule.next() {
        asked.push(next / SECOND);
        assert_eq!(ask(&mut schedule, next / SECOND, Outcome::Answered).0, Some(id(1)));
    }
    assert_eq!(asked, [115, 130, 160, 220]);
}

#[test]
fn requests_are_in_flight_one_at_a_time() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    assert!(schedule.start(100 * SECOND).is_some());
    assert_eq!((schedule.next(), schedule.start(200 * SECOND)), (None, None));
    schedule.ask_now(id(2), 0);
    assert_eq!(schedule.start(200 * SECOND), None, "not even when requested by the user");
}

#[test]
fn requests_are_a_second_apart() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    ask(&mut schedule, 100, Outcome::Answered);
    assert_eq!(schedule.next(), Some(101 * SECOND));
}

#[test]
fn selected_trace_is_first_of_those_due() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.select(Some((id(2), 10 * SECOND)));
    assert_eq!(
        ask(&mut schedule, 20, Outcome::Answered).0,
        Some(id(1)),
        "the other is not due yet"
    );
    assert_eq!(ask(&mut schedule, 35, Outcome::Answered).0, Some(id(2)));
    schedule.select(None);
    assert_eq!(ask(&mut schedule, 60, Outcome::Answered).0, Some(id(1)));
}

#[test]
fn request_of_the_user_precedes_the_selected_trace() {
    let mut schedule = schedule();
    schedule.select(Some((id(1), 0)));
    ask(&mut schedule, 200, Outcome::Answered);
    assert_eq!(schedule.next(), None, "nothing is left");
    schedule.watch(id(2), 0);
    schedule.ask_now(id(3), 200 * SECOND);
    assert_eq!(ask(&mut schedule, 200, Outcome::Answered), (Some(id(3)), Some(215)));
}

#[test]
fn activity_during_a_request_is_not_lost() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.start(120 * SECOND);
    schedule.watch(id(1), 121 * SECOND);
    assert_eq!(schedule.finish(122 * SECOND, Outcome::Answered), Some(136 * SECOND));
}

#[test]
fn wait_requested_by_sentry_applies_to_all() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    let wait = Outcome::Transient(Some(Duration::from_secs(50)));
    assert_eq!(ask(&mut schedule, 100, wait), (Some(id(1)), Some(150)));
    schedule.watch(id(2), 0);
    schedule.ask_now(id(3), 0);
    assert_eq!(schedule.next(), Some(150 * SECOND));
}

#[test]
fn failures_double_the_wait_up_to_a_bound_and_end() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    let mut now = 100;
    let mut waits = Vec::new();
    while let (_, Some(next)) = ask(&mut schedule, now, Outcome::Transient(None)) {
        waits.push(next - now);
        now = next;
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
    schedule.watch(id(1), now * SECOND);
    assert_eq!(schedule.next(), Some((now + 600) * SECOND), "a new span restarts it");
    schedule.ask_now(id(1), now * SECOND);
    assert_eq!(schedule.start(now * SECOND), Some(id(1)), "the user need not wait for it");
}

#[test]
fn failed_trace_is_retried_after_the_others() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), SECOND);
    assert_eq!(ask(&mut schedule, 100, Outcome::Transient(None)).0, Some(id(1)));
    assert_eq!(ask(&mut schedule, 200, Outcome::Answered).0, Some(id(2)));
}

#[test]
fn permanent_failure_stops_polling_until_the_user_retries() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    assert_eq!(ask(&mut schedule, 100, Outcome::Permanent).1, None);
    assert_eq!(schedule.next(), None);
    schedule.ask_now(id(1), 0);
    assert_eq!(ask(&mut schedule, 110, Outcome::Answered).0, Some(id(1)));
    assert_eq!(ask(&mut schedule, 120, Outcome::Answered).0, Some(id(2)), "polling continues");
}

#[test]
fn forgotten_trace_is_not_requested() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.start(20 * SECOND);
    schedule.forget(id(1));
    assert_eq!(schedule.finish(21 * SECOND, Outcome::Answered), None);
    assert_eq!(schedule.next(), None);
}

#[test]
fn found_trace_is_requested_again_only_after_activity() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    ask(&mut schedule, 20, Outcome::Answered);
    schedule.forget(id(1));
    schedule.select(None);
    schedule.select(Some((id(1), 0)));
    assert_eq!(schedule.next(), None);
    schedule.ask_now(id(1), 25 * SECOND);
    assert_eq!(ask(&mut schedule, 25, Outcome::Answered), (Some(id(1)), None));
    schedule.watch(id(1), 30 * SECOND);
    assert_eq!(schedule.next(), Some(45 * SECOND));
}

#[test]
fn flood_keeps_the_first_traces_to_the_end() {
    let mut schedule = schedule();
    for number in 0..WATCHED_MAX {
        assert!(schedule.watch(id(number), 0));
    }
    assert!(!schedule.watch(id(WATCHED_MAX), 0));
    assert_eq!(ask(&mut schedule, 1000, Outcome::Answered).1, None);
    assert!(schedule.watch(id(WATCHED_MAX), 0), "one had its last request");
    assert!(!schedule.watch(id(WATCHED_MAX + 1), 0));
    schedule.select(Some((id(WATCHED_MAX + 2), 0)));
    assert_eq!(ask(&mut schedule, 1002, Outcome::Answered).0, Some(id(WATCHED_MAX + 2)));
    assert_eq!(schedule.watched.len(), WATCHED_MAX);
}

#[test]
fn errors_decide_about_retries() {
    let host = || "sentry.io".into();
    let of = |error| Outcome::of(&Err(error));
    assert_eq!(of(ApiError::TokenRejected { host: host() }), Outcome::Permanent);
    assert_eq!(of(ApiError::NameUnknown { host: host() }), Outcome::Transient(None));
    let wait = Some(Duration::from_secs(7));
    assert_eq!(of(ApiError::RateLimited { host: host(), wait }), Outcome::Transient(wait));
    let organization = "acme".into();
    assert_eq!(
        of(ApiError::NoTrace {
            organization,
            host: host()
        }),
        Outcome::Answered
    );
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Watch(usize, u64),
    Select(usize),
    AskNow(usize),
    Forget(usize),
    Start,
    Finish(Outcome),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        Just(Outcome::Answered),
        Just(Outcome::Permanent),
        (0..100_u64).prop_map(|seconds| Outcome::Transient(Some(Duration::from_secs(seconds)))),
        Just(Outcome::Transient(None)),
    ];
    prop_oneof![
        (0..WATCHED_MAX * 2, any::<u64>()).prop_map(|(number, activity)| Step::Watch(number, activity)),
        (0..WATCHED_MAX * 2).prop_map(Step::Select),
        (0..WATCHED_MAX * 2).prop_map(Step::AskNow),
        (0..WATCHED_MAX * 2).prop_map(Step::Forget),
        Just(Step::Start),
        outcome.prop_map(Step::Finish),
        (0..200 * SECOND).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Any sequence: bounded, one at a time, and never before the announced time.
    #[test]
    fn schedule_keeps_its_bounds(full in any::<bool>(), steps in proptest::collection::vec(step(), 0..150)) {
        let mut schedule = schedule();
        let mut now = 1_000 * SECOND;
        for number in (0..WATCHED_MAX).filter(|_| full) {
            schedule.watch(id(number), now);
        }
        let mut under_way = false;
        for step in steps {
            match step {
                Step::Watch(number, activity) => { schedule.watch(id(number), activity); }
                Step::Select(number) => schedule.select(Some((id(number), now))),
                Step::AskNow(number) => schedule.ask_now(id(number), now),
                Step::Forget(number) => schedule.forget(id(number)),
                Step::Start => {
                    let announced = schedule.next();
                    let started = schedule.start(now).is_some();
                    prop_assert_eq!(started, announced.is_some_and(|next| next <= now));
                    prop_assert!(!(started && under_way));
                    under_way |= started;
                }
                Step::Finish(outcome) => {
                    schedule.finish(now, outcome);
                    under_way = false;
                }
                Step::Pass(nanos) => now += nanos,
            }
            prop_assert!(schedule.watched.len() <= WATCHED_MAX);
        }
    }
}
