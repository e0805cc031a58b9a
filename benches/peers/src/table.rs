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

/// A number with three significant digits.
pub fn digits(x: f64) -> String {
    let decimals = if x < 9.995 {
        2
    } else if x < 99.95 {
        1
    } else {
        0
    };
    format!("{x:.decimals$}")
}

/// A time with three significant digits and its unit.
pub fn time(seconds: f64) -> String {
    let (scale, unit) = match seconds {
        s if s < 0.9995e-6 => (1e9, "ns"),
        s if s < 0.9995e-3 => (1e6, "µs"),
        s if s < 0.9995 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", digits(seconds * scale))
}

/// Says on a terminal what is under way, in place of what it said before.
pub fn progress(what: &str) {
    if stderr().is_terminal() {
        eprint!("\r{what:<20}\r");
    }
}
