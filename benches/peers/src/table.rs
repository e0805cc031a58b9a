//! Tables, for the terminal or in markdown.

use std::io::{IsTerminal, stderr};

/// Prints a table; the first column is aligned to the left, the others to the right.
pub fn print(header: &[String], rows: &[Vec<String>], markdown: bool) {
    let width = |column: usize| {
        rows.iter().map(|row| &row[column]).chain([&header[column]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let padded: Vec<_> = padded.collect();
        if markdown { format!("| {} |", padded.join(" | ")) } else { padded.join("  ").trim_end().to_owned() }
    };
    let rule: Vec<_> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| match (markdown, column) {
            (false, _) | (true, 0) => "-".repeat(*width),
            _ => format!("{}:", "-".repeat(width.saturating_sub(1))),
        })
        .collect();
    for cells in [header, &rule].into_iter().chain(rows.iter().map(Vec::as_slice)) {
        println!("{}", line(cells));
    }
}

/// A number with three significant digits, and no exponent.
pub fn digits(x: f64) -> String {
    let rounded = format!("{x:.2e}");
    let exponent = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from(2 - exponent).unwrap_or(0);
    format!("{x:.decimals$}")
}

/// Says on a terminal what is under way, in place of what it said before.
pub fn progress(what: &str) {
    if stderr().is_terminal() {
        eprint!("\r{what:<20}\r");
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_are_three() {
        let cases = [(0.000_051_24, "0.0000512"), (0.9996, "1.00"), (9.994, "9.99"), (9.996, "10.0"), (0.0, "0.00")];
        cases.iter().for_each(|(x, text)| assert_eq!(digits(*x), *text));
        assert_eq!([99.96, 1234.4].map(digits), ["100", "1234"]);
    }
}
