//! The report: each figure with its goal.

use std::fmt::{self, Display, Write as _};

use crate::samples::Ms;

/// One measured figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    goal: String,
    measured: String,
    /// `None` without a goal.
    reached: Option<bool>,
    note: String,
}

impl Figure {
    /// A figure without a goal.
    pub(crate) fn plain(what: impl Display, measured: impl Display) -> Self {
        Self {
            what: what.to_string(),
            goal: String::new(),
            measured: measured.to_string(),
            reached: None,
            note: String::new(),
        }
    }

    /// Creates a ratio of two rates, without a goal.
    pub(crate) fn times(what: impl Display, rate: f64, other: f64) -> Self {
        let times = rate / other;
        let digits = usize::from(times < 10.0) + usize::from(times < 1.0);
        Self::plain(what, format!("{times:.digits$} ×"))
    }

    /// Creates a rate per second with a minimum.
    pub(crate) fn at_least(what: impl Display, goal: f64, measured: f64) -> Self {
        Self {
            goal: format!("≥ {}", Count(goal)),
            reached: Some(measured >= goal),
            ..Self::plain(what, Count(measured))
        }
    }

    /// Creates a time with a maximum.
    pub(crate) fn within(what: impl Display, goal: std::time::Duration, measured: std::time::Duration) -> Self {
        Self {
            goal: format!("≤ {}", Ms(goal)),
            reached: Some(measured <= goal),
            ..Self::plain(what, Ms(measured))
        }
    }

    /// Creates a ratio of two rates with a minimum.
    pub(crate) fn times_at_least(what: impl Display, goal: f64, rate: f64, other: f64) -> Self {
        Self {
            goal: format!("≥ {goal:.1} ×"),
            reached: Some(rate >= goal * other),
            ..Self::times(what, rate, other)
        }
    }

    /// Creates a ratio with a maximum; `unit` follows the numbers.
    pub(crate) fn at_most(what: impl Display, goal: f64, measured: f64, unit: &str) -> Self {
        Self {
            goal: format!("≤ {goal} {unit}"),
            reached: Some(measured <= goal),
            ..Self::plain(what, format!("{measured:.2} {unit}"))
        }
    }

    /// Adds further facts: other percentiles, the amount measured, other programs.
    #[must_use]
    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.note = text.into();
        self
    }
}

/// A number for reading: `2.31 M`, `137 k`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) f64);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= 1e6 => write!(f, "{:.2} M", n / 1e6),
            n if n >= 1e3 => write!(f, "{:.0} k", n / 1e3),
            n => write!(f, "{n:.0}"),
        }
    }
}

/// All figures of a run as a Markdown table that reads well as plain text too.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    machine: String,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) const fn new(machine: String) -> Self {
        Self {
            machine,
            figures: Vec::new(),
        }
    }

    pub(crate) fn extend(&mut self, figures: Vec<Figure>) {
        self.figures.extend(figures);
    }

    /// A part that could not be measured, and why.
    pub(crate) fn failed(&mut self, part: &str, why: &str) {
        let reason = why.lines().next().unwrap_or_default().to_owned();
        self.figures.push(Figure {
            reached: Some(false),
            ..Figure::plain(part, "not measured").note(reason)
        });
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "goal", "measured", "", "details"].map(str::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(self.figures.iter().map(cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 5] = std::array::from_fn(width);
        writeln!(f, "# Speed\n\n{}\n", self.machine)?;
        for (at, row) in rows.iter().enumerate() {
            let mut line = String::from("|");
            for (cell, width) in row.iter().zip(widths) {
                write!(line, " {cell:<width$} |")?;
            }
            writeln!(f, "{}", line.trim_end())?;
            if at == 0 {
                writeln!(f, "|{}", widths.map(|width| "-".repeat(width + 2) + "|").concat())?;
            }
        }
        Ok(())
    }
}

fn cells(figure: &Figure) -> [String; 5] {
    let reached = match figure.reached {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "",
    };
    // A cell's text must not end the cell.
    let note = figure.note.replace('|', "/");
    [
        figure.what.clone(),
        figure.goal.clone(),
        figure.measured.clone(),
        reached.to_owned(),
        note,
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn report_is_a_table() {
        let mut report = Report::new("a machine".to_owned());
        report.extend(vec![
            Figure::at_least("ingesting", 2e6, 2_310_000.0).note("137 k elsewhere"),
            Figure::within("a key", Duration::from_millis(30), Duration::from_millis(31)),
            Figure::at_most("memory", 1.5, 1.334, "×"),
            Figure::times("walking", 7.06e6, 1e6),
        ]);
        report.extend(vec![Figure::times_at_least("decoding", 2.0, 30.0, 20.0)]);
        report.failed("filter", "no | such key\nthe screen:");
        let expected = "\
# Speed

a machine

| what      | goal     | measured     |   | details         |
|-----------|----------|--------------|---|-----------------|
| ingesting | ≥ 2.00 M | 2.31 M       | ✓ | 137 k elsewhere |
| a key     | ≤ 30 ms  | 31 ms        | ✗ |                 |
| memory    | ≤ 1.5 ×  | 1.33 ×       | ✓ |                 |
| walking   |          | 7.1 ×        |   |                 |
| decoding  | ≥ 2.0 ×  | 1.5 ×        | ✗ |                 |
| filter    |          | not measured | ✗ | no / such key   |
";
        assert_eq!(report.to_string(), expected);
    }
}
