//! Tables without borders, as `kubectl` prints them.

use std::fmt;

use comfy_table::{ContentArrangement, presets};
use kompox_domain::text::one_line;

/// A table: a head and rows of the same length.
#[derive(Debug, Clone)]
pub struct Table {
    rows: comfy_table::Table,
    columns: usize,
}

impl Default for Table {
    /// A table without a column.
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Table {
    /// A table with this head and no rows.
    #[must_use]
    pub fn new(head: &'static [&'static str]) -> Self {
        let mut rows = comfy_table::Table::new();
        rows.load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(head);
        for column in rows.column_iter_mut() {
            column.set_padding((0, 3));
        }
        Self {
            rows,
            columns: head.len(),
        }
    }

    /// Adds a row. An empty cell is shown as `-`, so that columns can be cut by a script.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.add_row(cells.into_iter().map(|text| cell(&text)));
    }

    /// Says something below the last row, under its last column: a sentence that would make the table too wide.
    pub fn note(&mut self, text: &str) {
        if !self.is_empty() {
            let mut cells = vec![String::new(); self.columns.saturating_sub(1)];
            cells.push(cell(text));
            self.rows.add_row(cells);
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
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
        writeln!(f, "{}", self.rows.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_below_its_row_under_the_last_column() {
        let mut table = Table::new(&["KIND", "FINDING"]);
        table.note("of no row");
        table.row(vec!["quota".to_owned(), "4 are left".to_owned()]);
        table.note("ask for\nmore");
        table.row(vec!["dns".to_owned(), "good".to_owned()]);
        insta::assert_snapshot!(table.to_string(), @r"
        KIND    FINDING
        quota   4 are left
                ask for more
        dns     good
        ");
    }

    #[test]
    fn a_column_is_as_wide_as_its_text_on_a_terminal() {
        let mut table = Table::new(&["NAME", "STATE"]);
        table.row(vec!["日本".to_owned(), "a".to_owned()]);
        table.row(vec!["abcde".to_owned(), "b".to_owned()]);
        insta::assert_snapshot!(table.to_string(), @r"
        NAME    STATE
        日本    a
        abcde   b
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
