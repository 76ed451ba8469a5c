//! The table: what was measured, and what was hoped for.

use serde::Serialize;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// The measured value.
    pub(crate) value: f64,
    pub(crate) unit: Unit,
    /// The value may be this at most.
    pub(crate) limit: Option<f64>,
    /// Whether the target is met, where there is one.
    pub(crate) met: Option<bool>,
    /// What else there is to know.
    pub(crate) note: String,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Unit {
    Ratio,
    Count,
    Megabytes,
    /// 0 is yes, anything else is no.
    Failures,
}

/// A number of bytes in the unit of the table.
pub(crate) fn megabytes(bytes: f64) -> f64 {
    bytes / 1e6
}

/// The rows of one part of the measurements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// A value that is only told.
    pub(crate) fn told(name: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            limit: None,
            met: None,
            note: String::new(),
        }
    }

    /// A value that may be `limit` at most.
    pub(crate) fn at_most(name: impl Into<String>, value: f64, unit: Unit, limit: f64) -> Self {
        Self {
            limit: Some(limit),
            met: Some(value <= limit),
            ..Self::told(name, value, unit)
        }
    }

    /// With a remark.
    pub(crate) fn noting(self, note: impl Into<String>) -> Self {
        Self {
            note: note.into(),
            ..self
        }
    }

    fn cells(&self) -> [String; 5] {
        let verdict = match self.met {
            None => "",
            Some(true) => "met",
            Some(false) => "MISSED",
        };
        let limit = match (self.unit, self.limit) {
            (_, None) => String::new(),
            (Unit::Failures, Some(_)) => "yes".to_owned(),
            (unit, Some(limit)) => format!("≤ {}", shown(limit, unit)),
        };
        let value = shown(self.value, self.unit);
        [
            self.name.clone(),
            value,
            limit,
            verdict.to_owned(),
            self.note.clone(),
        ]
    }
}

/// A number of things as a value.
pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => format!("{value:.2}"),
        Unit::Count => format!("{value:.0}"),
        Unit::Megabytes => format!("{value:.1} MB"),
        Unit::Failures if value == 0.0 => "yes".to_owned(),
        Unit::Failures => "no".to_owned(),
    }
}

const HEADS: [&str; 5] = ["What", "Measured", "Target", "", "Remark"];

/// For a terminal.
pub(crate) fn plain(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let mut lines = vec![HEADS.map(str::to_owned)];
        lines.extend(section.rows.iter().map(Row::cells));
        let widths: Vec<usize> = (0..HEADS.len())
            .map(|column| {
                let cells = lines.iter().map(|line| line[column].chars().count());
                cells.max().unwrap_or(0)
            })
            .collect();
        text.extend([section.title, "\n"]);
        for line in lines {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            text.extend(["  ", cells.join("  ").trim_end(), "\n"]);
        }
        text.push('\n');
    }
    text
}

/// For a document.
pub(crate) fn markdown(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        text.extend(["## ", section.title, "\n\n| ", &HEADS.join(" | "), " |\n"]);
        text.push_str("|---|---:|---:|---|---|\n");
        for row in &section.rows {
            text.extend(["| ", &row.cells().join(" | "), " |\n"]);
        }
        text.push('\n');
    }
    text
}

/// The names of the rows whose target is missed.
pub(crate) fn missed(sections: &[Section]) -> Vec<&str> {
    let rows = sections.iter().flat_map(|section| &section.rows);
    rows.filter(|row| row.met == Some(false))
        .map(|row| row.name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections() -> Vec<Section> {
        vec![Section {
            title: "Start",
            rows: vec![
                Row::at_most("time", 4.123, Unit::Ratio, 5.0).noting("91 runs"),
                Row::at_most("memory", 15.2, Unit::Megabytes, 15.0),
                Row::told("requests", 252.0, Unit::Count),
                Row::at_most("no network", 0.0, Unit::Failures, 0.0),
            ],
        }]
    }

    #[test]
    fn columns_stand_below_each_other() {
        let expected = "\
Start
  What        Measured  Target             Remark
  time        4.12      ≤ 5.00     met     91 runs
  memory      15.2 MB   ≤ 15.0 MB  MISSED
  requests    252
  no network  yes       yes        met

";
        assert_eq!(plain(&sections()), expected);
    }

    #[test]
    fn the_document_has_a_table_for_every_section() {
        let text = markdown(&sections());
        assert!(text.starts_with("## Start\n\n| What | Measured | Target |  | Remark |\n|---|"));
        assert!(
            text.contains("| time | 4.12 | ≤ 5.00 | met | 91 runs |\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_missed_is_named() {
        assert_eq!(missed(&sections()), ["memory"]);
    }
}
