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

/// Lets one request start and end at once, `seconds` after the epoch.
fn ask(schedule: &mut Schedule, seconds: u64, outcome: Outcome) -> (Option<TraceId>, Option<u64>) {
    let asked = schedule.start(seconds * SECOND);
    let next = schedule.finish(seconds * SECOND, outcome);
    (asked, next.map(|moment| moment / SECOND))
}

#[test]
fn a_trace_is_asked_for_as_planned_and_then_no_more() {
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
fn one_request_is_under_way_at_a_time() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    assert!(schedule.start(100 * SECOND).is_some());
    assert_eq!((schedule.next(), schedule.start(200 * SECOND)), (None, None));
    schedule.ask_now(id(2), 0);
    assert_eq!(schedule.start(200 * SECOND), None, "not even when somebody wants to know now");
}

#[test]
fn two_requests_have_a_second_between_them() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    ask(&mut schedule, 100, Outcome::Answered);
    assert_eq!(schedule.next(), Some(101 * SECOND));
}

#[test]
fn the_selected_trace_is_the_first_of_those_that_are_due() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.select(Some((id(2), 10 * SECOND)));
    assert_eq!(
        ask(&mut schedule, 20, Outcome::Answered).0,
        Some(id(1)),
        "the other cannot be there yet"
    );
    assert_eq!(ask(&mut schedule, 35, Outcome::Answered).0, Some(id(2)));
    schedule.select(None);
    assert_eq!(ask(&mut schedule, 60, Outcome::Answered).0, Some(id(1)));
}

#[test]
fn what_somebody_wants_to_know_now_is_asked_at_once_and_before_the_selected() {
    let mut schedule = schedule();
    schedule.select(Some((id(1), 0)));
    ask(&mut schedule, 200, Outcome::Answered);
    assert_eq!(schedule.next(), None, "all is asked");
    schedule.watch(id(2), 0);
    schedule.ask_now(id(3), 200 * SECOND);
    assert_eq!(ask(&mut schedule, 200, Outcome::Answered), (Some(id(3)), Some(215)));
}

#[test]
fn activity_while_it_is_asked_for_is_not_lost() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.start(120 * SECOND);
    schedule.watch(id(1), 121 * SECOND);
    assert_eq!(schedule.finish(122 * SECOND, Outcome::Answered), Some(136 * SECOND));
}

#[test]
fn a_wait_that_sentry_asks_for_holds_for_all() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    let wait = Outcome::Later(Some(Duration::from_secs(50)));
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
    while let (_, Some(next)) = ask(&mut schedule, now, Outcome::Later(None)) {
        waits.push(next - now);
        now = next;
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
    schedule.watch(id(1), now * SECOND);
    assert_eq!(schedule.next(), Some((now + 600) * SECOND), "a new span is a new reason");
    schedule.ask_now(id(1), now * SECOND);
    assert_eq!(schedule.start(now * SECOND), Some(id(1)), "a person need not wait for it");
}

#[test]
fn a_trace_that_fails_lets_the_others_go_first() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), SECOND);
    assert_eq!(ask(&mut schedule, 100, Outcome::Later(None)).0, Some(id(1)));
    assert_eq!(ask(&mut schedule, 200, Outcome::Answered).0, Some(id(2)));
}

#[test]
fn what_only_a_person_can_change_stops_it_until_somebody_asks() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.watch(id(2), 0);
    assert_eq!(ask(&mut schedule, 100, Outcome::Hopeless).1, None);
    assert_eq!(schedule.next(), None);
    schedule.ask_now(id(1), 0);
    assert_eq!(ask(&mut schedule, 110, Outcome::Answered).0, Some(id(1)));
    assert_eq!(
        ask(&mut schedule, 120, Outcome::Answered).0,
        Some(id(2)),
        "it goes on by itself"
    );
}

#[test]
fn what_is_forgotten_is_not_asked_for() {
    let mut schedule = schedule();
    schedule.watch(id(1), 0);
    schedule.start(20 * SECOND);
    schedule.forget(id(1));
    assert_eq!(schedule.finish(21 * SECOND, Outcome::Answered), None);
    assert_eq!(schedule.next(), None);
}

#[test]
fn what_was_found_is_asked_for_again_only_when_there_is_more_to_find() {
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
fn of_a_flood_the_first_are_followed_to_the_end_and_then_others() {
    let mut schedule = schedule();
    for number in 0..WATCHED {
        assert!(schedule.watch(id(number), 0));
    }
    assert!(!schedule.watch(id(WATCHED), 0));
    assert_eq!(ask(&mut schedule, 1000, Outcome::Answered).1, None);
    assert!(schedule.watch(id(WATCHED), 0), "one was asked for the last time");
    assert!(!schedule.watch(id(WATCHED + 1), 0));
    schedule.select(Some((id(WATCHED + 2), 0)));
    assert_eq!(ask(&mut schedule, 1002, Outcome::Answered).0, Some(id(WATCHED + 2)));
    assert_eq!(schedule.watched.len(), WATCHED);
}

#[test]
fn errors_say_whether_it_is_worth_asking_again() {
    let host = || "sentry.io".into();
    let of = |error| Outcome::of(&Err(error));
    assert_eq!(of(ApiError::TokenRefused { host: host() }), Outcome::Hopeless);
    assert_eq!(of(ApiError::NameUnknown { host: host() }), Outcome::Later(None));
    let wait = Some(Duration::from_secs(7));
    assert_eq!(of(ApiError::RateLimited { host: host(), wait }), Outcome::Later(wait));
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
        Just(Outcome::Hopeless),
        (0..100_u64).prop_map(|seconds| Outcome::Later(Some(Duration::from_secs(seconds)))),
        Just(Outcome::Later(None)),
    ];
    prop_oneof![
        (0..WATCHED * 2, any::<u64>()).prop_map(|(number, activity)| Step::Watch(number, activity)),
        (0..WATCHED * 2).prop_map(Step::Select),
        (0..WATCHED * 2).prop_map(Step::AskNow),
        (0..WATCHED * 2).prop_map(Step::Forget),
        Just(Step::Start),
        outcome.prop_map(Step::Finish),
        (0..200 * SECOND).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever happens: bounded, one at a time, and never before it was announced.
    #[test]
    fn it_keeps_its_bounds(full in any::<bool>(), steps in proptest::collection::vec(step(), 0..150)) {
        let mut schedule = schedule();
        let mut now = 1_000 * SECOND;
        for number in (0..WATCHED).filter(|_| full) {
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
            prop_assert!(schedule.watched.len() <= WATCHED);
        }
    }
}
