//! Figures of many spans as text: shares, rates, bars and small histograms.

use crate::format;

const SECOND: u64 = 1_000_000_000;

/// Returns a small histogram: one character for each number, a space for nothing.
#[must_use]
pub(crate) fn histogram(numbers: &[u64]) -> String {
    const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    let column = |number: &u64| match number {
        0 => ' ',
        number => {
            let height = u128::from(*number) * 8;
            let at = height.div_ceil(u128::from(most)).clamp(1, 8) - 1;
            COLUMNS[usize::try_from(at).unwrap_or(0)]
        }
    };
    numbers.iter().map(column).collect()
}

/// Returns a share in at most three digits: `0.02%`, `3.1%`, `100%`; nothing for none.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    match hundredths {
        _ if part == 0 => String::new(),
        0 => "<0.01%".to_owned(),
        1..100 => format!("0.{hundredths:02}%"),
        100..1_000 => format!("{}.{}%", hundredths / 100, hundredths / 10 % 10),
        _ => format!("{}%", hundredths / 100),
    }
}

/// Returns a rate over the time from which spans come; nothing for less than a second of it.
#[must_use]
pub(crate) fn rate(count: u64, observed_nano: u64) -> String {
    if observed_nano < SECOND {
        return String::new();
    }
    let per = |unit: u64| u128::from(count) * u128::from(unit) * 10 / u128::from(observed_nano);
    let tenths = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
    match (per(SECOND), per(60 * SECOND)) {
        (second @ 100.., _) => format!("{}/s", format::compact(u64::try_from(second / 10).unwrap_or(u64::MAX))),
        (second @ 10.., _) => format!("{}/s", tenths(second)),
        (_, minute @ 10..) => format!("{}/min", tenths(minute)),
        _ => match per(3_600 * SECOND) {
            // Traces of different times have no rate.
            0 => String::new(),
            hour => format!("{}/h", tenths(hour)),
        },
    }
}

/// Returns a bar for a number, to an eighth of a cell, by its logarithm: one call can be seen next to a million.
#[must_use]
pub(crate) fn bar(number: u64, most: u64, cells: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let bits = |number: u64| u64::from(number.max(1).ilog2() + 1);
    let eighths = cells as u64 * 8 * bits(number) / bits(most).max(1);
    let full = usize::try_from(eighths / 8).unwrap_or(cells).min(cells);
    let rest = if full == cells {
        0
    } else {
        usize::try_from(eighths % 8).unwrap_or(0)
    };
    format!("{}{}", "█".repeat(full), EIGHTHS[rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_in_a_readable_unit() {
        let rates = [
            (5, 1),
            (50_000, SECOND),
            (12, 10 * SECOND),
            (6, 60 * SECOND),
            (1, 1_800 * SECOND),
        ];
        let rates = rates.map(|(count, observed)| rate(count, observed));
        assert_eq!(rates, ["", "50.0k/s", "1.2/s", "6.0/min", "2.0/h"]);
    }

    #[test]
    fn bars_are_visible_and_fit() {
        assert_eq!(bar(1_000, 1_000, 4), "████");
        assert_eq!(
            (bar(1, 1_000_000, 10), bar(0, 0, 3), bar(1, 1, 0)),
            ("▌".into(), "███".into(), String::new())
        );
        assert_eq!(bar(u64::MAX, 1, 3).chars().count(), 3, "never more than there is room for");
    }

    #[test]
    fn histograms_show_small_numbers() {
        assert_eq!(histogram(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(histogram(&[0, 0]), "  ");
        assert_eq!(histogram(&[u64::MAX, 1]), "█▁");
        assert_eq!(histogram(&[]), "");
    }

    #[test]
    fn shares_never_round_to_nothing() {
        let shares =
            [(0, 9), (1, 1_000_000), (1, 2_000), (31, 1_000), (1, 3), (2, 2), (1, 0)].map(|(part, whole)| share(part, whole));
        assert_eq!(shares, ["", "<0.01%", "0.05%", "3.1%", "33%", "100%", "100%"]);
    }
}
