//! The part of OData's `$filter` that ARM takes for resources and groups.

use serde_json::Value;

use super::error::{ArmError, ArmResult};

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Equal { field: Field, value: String },
    NotEqual { field: Field, value: String },
    StartsWith { field: Field, value: String },
    Contains { field: Field, value: String },
}

/// What a filter may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Location,
    ResourceGroup,
    ResourceType,
    TagName,
    TagValue,
}

impl Filter {
    /// Reads a filter.
    pub(crate) fn parse(text: &str) -> ArmResult<Self> {
        let invalid = || {
            ArmError::new(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{text}' specified in the query string."),
            )
        };
        let tokens = tokens(text).ok_or_else(invalid)?;
        let mut parser = Parser {
            tokens: &tokens,
            depth: 0,
        };
        let filter = parser.any().ok_or_else(invalid)?;
        if parser.tokens.is_empty() {
            Ok(filter)
        } else {
            Err(invalid())
        }
    }

    /// Whether a document passes; `group` is the name of the group it lives in.
    pub(crate) fn matches(&self, document: &Value, group: &str) -> bool {
        match self {
            // A name and a value of a tag belong together.
            Self::And(parts) => {
                let tag = |wanted: Field| {
                    parts.iter().find_map(|part| match part {
                        Self::Equal { field, value } if *field == wanted => Some(value.as_str()),
                        _ => None,
                    })
                };
                if let (Some(name), Some(value)) = (tag(Field::TagName), tag(Field::TagValue))
                    && !tags(document).any(|(key, found)| key.eq_ignore_ascii_case(name) && found == value)
                {
                    return false;
                }
                parts.iter().all(|part| part.matches(document, group))
            }
            Self::Or(parts) => parts.iter().any(|part| part.matches(document, group)),
            Self::Equal { field, value } => {
                let exact = *field == Field::TagValue;
                field
                    .values(document, group)
                    .iter()
                    .any(|found| if exact { found == value } else { same(found, value) })
            }
            Self::NotEqual { field, value } => !field
                .values(document, group)
                .iter()
                .any(|found| same(found, value)),
            Self::StartsWith { field, value } => field
                .values(document, group)
                .iter()
                .any(|found| found.to_lowercase().starts_with(&value.to_lowercase())),
            Self::Contains { field, value } => field
                .values(document, group)
                .iter()
                .any(|found| found.to_lowercase().contains(&value.to_lowercase())),
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn tags(document: &Value) -> impl Iterator<Item = (&String, &str)> {
    document["tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key, value.as_str().unwrap_or_default()))
}

impl Field {
    fn parse(name: &str) -> Option<Self> {
        let known = [
            ("name", Self::Name),
            ("location", Self::Location),
            ("resourceGroup", Self::ResourceGroup),
            ("resourceType", Self::ResourceType),
            ("tagName", Self::TagName),
            ("tagValue", Self::TagValue),
        ];
        known
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| field)
    }

    fn values<'a>(self, document: &'a Value, group: &'a str) -> Vec<&'a str> {
        let text = |key: &str| document[key].as_str().into_iter().collect();
        match self {
            Self::Name => text("name"),
            Self::Location => text("location"),
            Self::ResourceType => text("type"),
            Self::ResourceGroup => vec![group],
            Self::TagName => tags(document).map(|(key, _)| key.as_str()).collect(),
            Self::TagValue => tags(document).map(|(_, value)| value).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next()? {
                        // A quote within a text is doubled.
                        '\'' if chars.next_if_eq(&'\'').is_some() => value.push('\''),
                        '\'' => break,
                        c => value.push(c),
                    }
                }
                tokens.push(Token::Text(value));
            }
            c if c.is_alphanumeric() => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric()) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            _ => return None,
        }
    }
    Some(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn next_is_word(&mut self, wanted: &str) -> bool {
        let found =
            matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn any(&mut self) -> Option<Filter> {
        let mut parts = vec![self.all()?];
        while self.next_is_word("or") {
            parts.push(self.all()?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Filter::Or(parts))
        }
    }

    fn all(&mut self) -> Option<Filter> {
        let mut parts = vec![self.term()?];
        while self.next_is_word("and") {
            parts.push(self.term()?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Filter::And(parts))
        }
    }

    fn term(&mut self) -> Option<Filter> {
        match self.next()? {
            Token::Open => {
                self.depth += 1;
                if self.depth > 32 {
                    return None;
                }
                let inner = self.any()?;
                self.depth -= 1;
                (self.next()? == Token::Close).then_some(inner)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("substringof") => {
                let (value, field) = self.arguments(false)?;
                Some(Filter::Contains { field, value })
            }
            Token::Word(word) if word.eq_ignore_ascii_case("startswith") => {
                let (value, field) = self.arguments(true)?;
                Some(Filter::StartsWith { field, value })
            }
            Token::Word(word) => {
                let field = Field::parse(&word)?;
                let Token::Word(operator) = self.next()? else {
                    return None;
                };
                let Token::Text(value) = self.next()? else {
                    return None;
                };
                match operator.to_ascii_lowercase().as_str() {
                    "eq" => Some(Filter::Equal { field, value }),
                    "ne" => Some(Filter::NotEqual { field, value }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn arguments(&mut self, field_first: bool) -> Option<(String, Field)> {
        if self.next()? != Token::Open {
            return None;
        }
        let first = self.next()?;
        if self.next()? != Token::Comma {
            return None;
        }
        let second = self.next()?;
        if self.next()? != Token::Close {
            return None;
        }
        match if field_first {
            (second, first)
        } else {
            (first, second)
        } {
            (Token::Text(value), Token::Word(field)) => Some((value, Field::parse(&field)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_filter_selects_by_type_and_group_without_case() {
        let filter =
            Filter::parse("resourceType eq 'Microsoft.Compute/Disks' and resourceGroup eq 'RG'").unwrap();
        let disk = json!({ "type": "Microsoft.Compute/disks", "name": "d" });
        assert!(filter.matches(&disk, "rg"));
        assert!(!filter.matches(&disk, "other"));
    }

    #[test]
    fn tag_name_and_value_must_belong_to_one_tag() {
        let filter = Filter::parse("tagName eq 'A' and tagValue eq 'x'").unwrap();
        assert!(filter.matches(&json!({ "tags": { "a": "x" } }), ""));
        assert!(!filter.matches(&json!({ "tags": { "a": "y", "b": "x" } }), ""));
        assert!(!filter.matches(&json!({ "tags": { "a": "X" } }), ""));
    }

    #[test]
    fn functions_brackets_and_quotes_are_understood() {
        let document = json!({ "name": "it's-a-disk" });
        for (text, expected) in [
            ("substringof('A-DISK', name)", true),
            ("startswith(name, 'it''s')", true),
            ("name eq 'x' or (name ne 'y' and startswith(name,'it'))", true),
            ("name ne 'it''s-a-disk'", false),
        ] {
            assert_eq!(
                Filter::parse(text).unwrap().matches(&document, ""),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn garbage_is_refused() {
        let deep = "(".repeat(10_000);
        for text in [
            "",
            "name",
            "name eq",
            "name eq 'x",
            "name eq x",
            "colour eq 'x'",
            "name eq 'x' and",
            "and",
            "🦀",
            &deep,
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
