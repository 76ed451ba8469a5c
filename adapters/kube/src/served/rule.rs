//! The names in a rule of Traefik: ``Host(`a`) || Host(`b`, `c`)``.

/// The names that a rule asks for. Patterns are none, and neither is what must not be asked for.
pub(super) fn hosts(rule: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    let mut rest = rule;
    let mut negated = false;
    while let Some(first) = rest.chars().next() {
        if first.is_alphabetic() {
            let (word, after) = split(rest, |c| !c.is_alphanumeric());
            let arguments = after.trim_start().strip_prefix('(');
            if let Some(arguments) = arguments {
                let (texts, behind) = texts(arguments);
                if !negated && word.eq_ignore_ascii_case("Host") {
                    hosts.extend(texts);
                }
                rest = behind;
            } else {
                rest = after;
            }
            negated = false;
            continue;
        }
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '!' => {
                negated = !negated;
                after
            }
            // All of what is in the brackets is negated.
            '(' if negated => {
                negated = false;
                closed(after)
            }
            _ => after,
        };
    }
    hosts
}

/// What stands before the first character that is so, and the rest.
fn split(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// The quoted texts up to the closing bracket, and what stands behind that.
fn texts(arguments: &str) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut rest = arguments;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            ')' => return (found, after),
            '`' | '"' => {
                let (text, behind) = split(after, |c| c == first);
                found.push(text.to_owned());
                rest = behind.strip_prefix(first).unwrap_or_default();
            }
            _ => rest = after,
        }
    }
    (found, "")
}

/// What stands behind the bracket that closes one that is open already.
fn closed(text: &str) -> &str {
    let mut depth = 1_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = after;
        match first {
            '`' | '"' => {
                rest = split(after, |c| c == first)
                    .1
                    .strip_prefix(first)
                    .unwrap_or_default();
            }
            '(' => depth += 1,
            ')' if depth == 1 => return after,
            ')' => depth -= 1,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::hosts;

    #[test]
    fn names_are_found_wherever_a_rule_asks_for_them_and_nowhere_else() {
        for (rule, expected) in [
            ("Host(`a.com`)", vec!["a.com"]),
            ("host ( \"a.com\" , `b.com` )", vec!["a.com", "b.com"]),
            ("Host(`a.com`) && PathPrefix(`/Host(x)`)", vec!["a.com"]),
            (
                "(Host(`a.com`) || Host(`b.com`)) && !Host(`c.com`)",
                vec!["a.com", "b.com"],
            ),
            ("!(Host(`a.com`) || Path(`)`)) && Host(`b.com`)", vec!["b.com"]),
            ("HostRegexp(`.+\\.a\\.com`) || HostSNI(`b.com`)", vec![]),
            ("Headers(`X`, `Host(`)", vec![]),
            ("Host(`a.com", vec!["a.com"]),
            ("", vec![]),
        ] {
            assert_eq!(hosts(rule), expected, "{rule}");
        }
    }

    proptest! {
        #[test]
        fn no_rule_makes_the_reader_panic_or_go_on_for_ever(rule in "(Host|[a-z(!)`\",& ]|\\PC){0,40}") {
            hosts(&rule);
        }
    }
}
