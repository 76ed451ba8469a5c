//! From a tree to text, in the layout that kubectl writes.

use std::sync::Arc;

use kompox_domain::text::is_unprintable;
use kompox_yaml::{Entry, Map, Node, Scalar, Style, Value, is_plain};

/// YAML that readers of version 1.1 and 1.2 understand alike.
pub(crate) fn yaml(map: &Map) -> String {
    let mut text = String::new();
    if map.is_empty() {
        text.push_str("{}\n");
    }
    yaml_map(&mut text, map, 0, false);
    text
}

fn yaml_map(text: &mut String, map: &Map, indent: usize, mut begun: bool) {
    for Entry { key, node, .. } in map.iter() {
        // The first field of a mapping in a list stands behind the dash.
        if !std::mem::take(&mut begun) {
            pad(text, indent);
        }
        yaml_scalar(text, key);
        text.push(':');
        match &node.value {
            Value::Map(map) if !map.is_empty() => {
                text.push('\n');
                yaml_map(text, map, indent + 2, false);
            }
            Value::List(nodes) if !nodes.is_empty() => {
                text.push('\n');
                yaml_list(text, nodes, indent, false);
            }
            leaf => {
                text.push(' ');
                yaml_leaf(text, leaf);
            }
        }
    }
}

fn yaml_list(text: &mut String, nodes: &[Arc<Node>], indent: usize, mut begun: bool) {
    for node in nodes {
        if !std::mem::take(&mut begun) {
            pad(text, indent);
        }
        text.push_str("- ");
        match &node.value {
            Value::Map(map) if !map.is_empty() => yaml_map(text, map, indent + 2, true),
            Value::List(nodes) if !nodes.is_empty() => yaml_list(text, nodes, indent + 2, true),
            leaf => yaml_leaf(text, leaf),
        }
    }
}

fn yaml_leaf(text: &mut String, value: &Value) {
    match value {
        Value::Scalar(scalar) => yaml_scalar(text, scalar),
        Value::List(_) => text.push_str("[]"),
        Value::Map(_) => text.push_str("{}"),
    }
    text.push('\n');
}

fn yaml_scalar(text: &mut String, scalar: &Scalar) {
    match scalar.style {
        Style::Plain if scalar.is_null() => text.push_str("null"),
        // All that is not a string may be written plain. What may not, is one, and in quotes it stays that.
        Style::Plain if is_plain(&scalar.text) => text.push_str(&scalar.text),
        Style::Single if scalar.text.chars().all(|c| !c.is_control() && c.is_ascii()) => {
            text.push('\'');
            text.push_str(&scalar.text.replace('\'', "''"));
            text.push('\'');
        }
        Style::Plain | Style::Single | Style::Double => quoted(text, &scalar.text),
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// A string in double quotes, with the escapes that JSON and YAML have in common.
fn quoted(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // Some of these end a line in YAML 1.1, some are not allowed in it at all, and some drive a terminal.
            c if is_unprintable(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let hex = format!("\\u{:04x}", u32::from(c));
                text.push_str(&hex);
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// JSON, indented.
pub(crate) fn json(map: &Map) -> String {
    let mut text = String::new();
    json_map(&mut text, map, 0);
    text.push('\n');
    text
}

fn json_map(text: &mut String, map: &Map, indent: usize) {
    let mut fields = map.iter();
    block(text, indent, ['{', '}'], &mut fields, &mut |text, entry| {
        quoted(text, &entry.key.text);
        text.push_str(": ");
        json_node(text, &entry.node, indent + 2);
    });
}

fn json_node(text: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Scalar(scalar) => json_scalar(text, scalar),
        Value::List(nodes) => block(text, indent, ['[', ']'], &mut nodes.iter(), &mut |text, node| {
            json_node(text, node, indent + 2);
        }),
        Value::Map(map) => json_map(text, map, indent),
    }
}

fn block<T>(
    text: &mut String,
    indent: usize,
    [begin, end]: [char; 2],
    items: &mut dyn Iterator<Item = T>,
    write: &mut dyn FnMut(&mut String, T),
) {
    text.push(begin);
    let mut empty = true;
    for item in items {
        text.push_str(if empty { "\n" } else { ",\n" });
        empty = false;
        pad(text, indent + 2);
        write(text, item);
    }
    if !empty {
        text.push('\n');
        pad(text, indent);
    }
    text.push(end);
}

fn json_scalar(text: &mut String, scalar: &Scalar) {
    if scalar.is_string() {
        return quoted(text, &scalar.text);
    }
    if scalar.is_null() {
        return text.push_str("null");
    }
    // As kubectl reads it: with the booleans of YAML 1.1.
    match scalar.text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => text.push_str("true"),
        "false" | "no" | "off" => text.push_str("false"),
        _ if is_json_number(&scalar.text) => text.push_str(&scalar.text),
        _ => quoted(text, &scalar.text),
    }
}

fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
