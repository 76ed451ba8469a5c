//! Tables without borders, as `kubectl` prints them.

use std::fmt;

use kompox_domain::text::one_line;

/// A table: a head and rows of the same length.
#[derive(Debug, Clone, Default)]
pub struct Table {
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
    /// What is said below a row, by its index.
    notes: Vec<(usize, String)>,
}

impl Table {
    /// A table with this head and no rows.
    #[must_use]
    pub const fn new(head: &'static [&'static str]) -> Self {
        Self {
            head,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a row. An empty cell is shown as `-`, so that columns can be cut by a script.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Says something below the last row, under its last column: a sentence that would make the table too wide.
    pub fn note(&mut self, text: String) {
        if let Some(index) = self.rows.len().checked_sub(1) {
            self.notes.push((index, text));
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn cell(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    one_line(text)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|text| cell(text)).collect())
            .collect();
        let widths: Vec<usize> = self
            .head
            .iter()
            .enumerate()
            .map(|(column, title)| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells
                    .map(|cell| cell.chars().count())
                    .fold(title.len(), usize::max)
            })
            .collect();
        let head = self.head.iter().map(|title| (*title).to_owned()).collect();
        let before_last: usize = widths.iter().rev().skip(1).map(|width| width + 3).sum();
        for (index, row) in std::iter::once(head).chain(rows).enumerate() {
            let mut line = String::new();
            for (text, width) in row.iter().zip(&widths) {
                let gap = width.saturating_sub(text.chars().count()) + 3;
                line.push_str(text);
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(f, "{}", line.trim_end())?;
            // The head is the first line.
            let notes = self.notes.iter().filter(|(row, _)| row + 1 == index);
            for (_, note) in notes {
                writeln!(f, "{:before_last$}{}", "", cell(note))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_below_its_row_under_the_last_column() {
        let mut table = Table::new(&["KIND", "FINDING"]);
        table.note("of no row".to_owned());
        table.row(vec!["quota".to_owned(), "4 are left".to_owned()]);
        table.note("ask for\nmore".to_owned());
        table.row(vec!["dns".to_owned(), "good".to_owned()]);
        insta::assert_snapshot!(table.to_string(), @r"
        KIND    FINDING
        quota   4 are left
                ask for more
        dns     good
        ");
    }

    #[test]
    fn columns_line_up_and_hold_one_line_each() {
        let mut table = Table::new(&["NAME", "STATE"]);
        table.row(vec!["first".to_owned(), "Attached".to_owned()]);
        table.row(vec!["a-longer-one".to_owned(), String::new()]);
        table.row(vec!["x".to_owned(), "two\nlines".to_owned()]);
        insta::assert_snapshot!(table.to_string(), @r"
        NAME           STATE
        first          Attached
        a-longer-one   -
        x              two lines
        ");
    }
}
