//! The chart: every target as a bar, and how a listing grows.

use crate::bench::listing::Listing;
use crate::bench::table::{Row, Section};

const WIDTH: f64 = 920.0;
const LEFT: f64 = 510.0;
const RIGHT: f64 = 80.0;
const LINE: f64 = 26.0;
const HEAD: f64 = 64.0;
const PLOT: f64 = 200.0;

/// Colours that can be read on white and on black.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-size:15px;font-weight:600}\
.met{fill:#2da44e}.missed{fill:#cf222e}.limit{stroke:#8c959f;stroke-dasharray:4 3}\
.axis{stroke:#8c959f}.time{fill:none;stroke:#0969da;stroke-width:2}.memory{fill:none;stroke:#bc4c00;stroke-width:2}\
.time-dot{fill:#0969da}.memory-dot{fill:#bc4c00}";

/// Draws it. Bars say which share of its target every value takes.
pub(crate) fn chart(sections: &[Section], listings: &[Listing]) -> String {
    let rows: Vec<(&Row, f64)> = sections
        .iter()
        .flat_map(|section| &section.rows)
        .filter_map(|row| Some((row, row.value / row.limit.filter(|limit| *limit > 0.0)?)))
        .collect();
    let points: Vec<Point> = listings
        .iter()
        .map(|listing| Point {
            disks: listing.disks,
            time: listing.ratio(),
            memory: listing.megabytes(),
        })
        .collect();
    let bars = HEAD + LINE * f64::from(u32::try_from(rows.len()).unwrap_or(0));
    let mut parts = vec![title(
        28.0,
        "Measured value as a share of its target (less is better)",
    )];
    parts.extend(targets(&rows, bars));
    let mut height = bars + 16.0;
    if points.len() > 1 {
        parts.push(title(height + 28.0, "disk list: by number of disks in the group"));
        parts.extend(growth(&points, height + 56.0));
        height += PLOT + 110.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\">\n\
         <title>What cargo xtask bench measured</title>\n<style>{STYLE}</style>\n{}\n</svg>\n",
        parts.join("\n")
    )
}

/// What a line shows of a listing.
type Value = fn(&Point) -> f64;

/// What a listing of one size says.
#[derive(Debug, Clone, Copy)]
struct Point {
    disks: usize,
    time: f64,
    memory: f64,
}

fn targets(rows: &[(&Row, f64)], bottom: f64) -> Vec<String> {
    // The longest bar, or the target and some room.
    let most = rows.iter().map(|(_, share)| *share).fold(1.1, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / most;
    let mut parts = Vec::new();
    let mut y = HEAD - 16.0;
    for (row, share) in rows {
        let class = if row.met == Some(true) { "met" } else { "missed" };
        let length = (share * scale).max(1.0);
        parts.push(text(LEFT - 8.0, y + 13.0, "end", &row.name));
        parts.push(format!(
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"17\"/>"
        ));
        let percent = format!("{:.0} %", share * 100.0);
        parts.push(text(LEFT + length + 6.0, y + 13.0, "start", &percent));
        y += LINE;
    }
    let limit = LEFT + scale;
    parts.push(line("limit", limit, HEAD - 24.0, limit, bottom - 12.0));
    parts
}

fn growth(points: &[Point], top: f64) -> Vec<String> {
    let (left, right, bottom) = (60.0, WIDTH - 260.0, top + PLOT);
    let (least, most) = points.iter().fold((usize::MAX, 1), |(least, most), point| {
        (least.min(point.disks), most.max(point.disks))
    });
    let log = |disks: usize| f64::from(u32::try_from(disks.max(1)).unwrap_or(u32::MAX)).ln();
    let x = |disks: usize| left + (right - left) * (log(disks) - log(least)) / (log(most) - log(least));
    let mut parts = vec![
        line("axis", left, bottom, right, bottom),
        line("axis", left, top, left, bottom),
    ];
    for point in points {
        parts.push(text(
            x(point.disks),
            bottom + 18.0,
            "middle",
            &point.disks.to_string(),
        ));
    }
    let series: [(&str, &str, Value); 2] = [
        ("time", "time over the bare download's", |point| point.time),
        ("memory", "peak memory in MB", |point| point.memory),
    ];
    for (number, (class, label, value)) in series.into_iter().enumerate() {
        // Each series has a scale of its own that begins at zero; the numbers stand at the points.
        let top_value = points.iter().map(value).fold(0.0, f64::max) * if number == 0 { 1.9 } else { 1.2 };
        let y = |point: &Point| bottom - PLOT * value(point) / top_value;
        let places: Vec<String> = points
            .iter()
            .map(|point| format!("{:.1},{:.1}", x(point.disks), y(point)))
            .collect();
        parts.push(format!(
            "<polyline class=\"{class}\" points=\"{}\"/>",
            places.join(" ")
        ));
        for point in points {
            let (x, y) = (x(point.disks), y(point));
            parts.push(format!(
                "<circle class=\"{class}-dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
            ));
            let digits = if number == 0 { 2 } else { 1 };
            parts.push(text(x, y - 10.0, "middle", &format!("{:.digits$}", value(point))));
        }
        if let Some(last) = points.last() {
            parts.push(text(right + 30.0, y(last) + 4.0, "start", label));
        }
    }
    parts
}

fn title(y: f64, words: &str) -> String {
    format!(
        "<text class=\"title\" x=\"16\" y=\"{y:.0}\">{}</text>",
        escaped(words)
    )
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    )
}

fn line(class: &str, x1: f64, y1: f64, x2: f64, y2: f64) -> String {
    format!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>")
}

/// Without the marks of Markdown, and with those of XML made harmless.
fn escaped(words: &str) -> String {
    words
        .replace('`', "")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::table::Unit;

    #[test]
    fn every_target_is_a_bar_in_its_colour() {
        let sections = [Section {
            title: "x",
            rows: vec![
                Row::at_most("a < `b`", 2.0, Unit::Ratio, 4.0),
                Row::at_most("c", 6.0, Unit::Ratio, 3.0),
                Row::at_most("no network", 0.0, Unit::Failures, 0.0),
                Row::told("d", 1.0, Unit::Count),
            ],
        }];
        let chart = chart(&sections, &[]);
        assert_eq!(chart.matches("<rect").count(), 2);
        assert!(chart.contains("a &lt; b</text>"), "{chart}");
        assert!(chart.contains("class=\"met\"") && chart.contains("class=\"missed\""));
        assert!(chart.contains("50 %") && chart.contains("200 %"));
        assert!(!chart.contains("<polyline"));
    }

    #[test]
    fn growth_has_a_line_for_time_and_one_for_memory() {
        let point = |disks, time, memory| Point { disks, time, memory };
        let parts = growth(&[point(10, 1.0, 9.0), point(1000, 1.2, 10.0)], 0.0).join("\n");
        assert_eq!(parts.matches("<polyline").count(), 2);
        assert!(
            parts.contains(">1000</text>") && parts.contains(">1.20</text>"),
            "{parts}"
        );
        assert!(!parts.contains("NaN") && !parts.contains("inf"));
    }
}
