//! What a run of the program left behind, in a form that is the same in every run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::ExitStatus;

use regex::{Captures, Regex};
use serde_json::Value;

/// What a run printed, and how it ended. Its `Display` is for snapshots: nothing in it differs from run to run.
#[must_use = "a run whose outcome nobody looks at proves nothing"]
#[derive(Debug, Clone)]
pub struct Output {
    /// Standard output as it was.
    pub stdout: String,
    /// Standard error as it was.
    pub stderr: String,
    status: ExitStatus,
    redactor: Redactor,
}

impl Output {
    pub(super) fn new(stdout: String, stderr: String, status: ExitStatus, redactor: Redactor) -> Self {
        Self {
            stdout,
            stderr,
            status,
            redactor,
        }
    }

    /// The exit code; none when a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Ends the test unless the exit code is this one of `kompoxops::exit_codes`.
    #[track_caller]
    pub fn assert_code(&self, code: u8) {
        assert_eq!(self.code(), Some(i32::from(code)), "{self}");
    }

    /// The same, for whoever looks at more than the exit code.
    #[track_caller]
    pub fn expect(self, code: u8) -> Self {
        self.assert_code(code);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is no JSON: {error}\n{self}"),
        }
    }

    /// The members of the error object that is the last line of standard error.
    #[track_caller]
    #[must_use]
    pub fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        match serde_json::from_str::<Value>(last) {
            Ok(mut value) => value["error"].take(),
            Err(error) => panic!("the last line of standard error is no JSON: {error}\n{self}"),
        }
    }

    /// The hint at the end of standard error.
    #[track_caller]
    #[must_use]
    pub fn hint(&self) -> &str {
        match self.stderr.rsplit_once("\nhint: ") {
            Some((_, hint)) => hint.trim_end(),
            None => panic!("there is no hint\n{self}"),
        }
    }

    /// Both outputs as they were, for what must not be in either.
    #[must_use]
    pub fn everything(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Together, so that a name has the same placeholder in both.
        let text = format!("{}\u{0}{}", self.stdout, self.stderr);
        let text = self.redactor.redact(&text);
        let (stdout, stderr) = text.split_once('\u{0}').unwrap_or((&text, ""));
        f.write_str(stdout)?;
        if !stderr.is_empty() {
            let gap = if stdout.is_empty() || stdout.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            write!(f, "{gap}------- stderr -------\n{stderr}")?;
        }
        match self.status.code() {
            Some(code) => write!(f, "[exit status: {code}]"),
            None => write!(f, "[{}]", self.status),
        }
    }
}

/// Replaces what differs from run to run. What stands in columns keeps its width.
#[derive(Debug, Clone)]
pub struct Redactor {
    literal: Vec<(String, &'static str)>,
}

impl Redactor {
    pub(super) fn new(program: &Path, root: &Path, subscription: Option<String>) -> Self {
        let mut literal = Vec::new();
        let mut add = |text: String, placeholder| {
            if !text.is_empty() {
                literal.push((text, placeholder));
            }
        };
        for path in [program.canonicalize().unwrap_or_default(), program.to_owned()] {
            add(path.display().to_string(), "[PROGRAM]");
        }
        // Links resolved first: on some systems the temporary directory is one.
        for path in [root.canonicalize().unwrap_or_default(), root.to_owned()] {
            add(path.display().to_string(), "[ROOT]");
        }
        let name = program.file_name().unwrap_or_default();
        add(name.to_string_lossy().into_owned(), "kompoxops");
        add(
            subscription.unwrap_or_default(),
            "[SUBSCRIPTION......................]",
        );
        Self { literal }
    }

    /// The text with placeholders.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.replace("\r\n", "\n");
        for (literal, placeholder) in &self.literal {
            text = text.replace(literal, placeholder);
        }
        for (pattern, placeholder) in [
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "[TIME]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
            // Every system has its own words.
            (r"[A-Z][a-z][^:\n]* \(os error \d+\)", "[OS ERROR]"),
            (
                r"(done in|failed after|left after|again in|(?:created|updated|deleted|kept) in) [0-9.hms]+",
                "$1 [DURATION]",
            ),
            // What Azure makes of the id of the subscription and the group, 13 characters of base 32.
            (
                r"\b(kv-|log-|dcr-|cr|id-ingress-|aks-|cluster-)[2-7a-z]{13}\b(-[0-9a-f]{8})?",
                "$1[TOKEN......]",
            ),
            // The last part is made from the disk's id, and with it from that of the subscription.
            (r"\b(kompox-[-a-z0-9]+-[0-9a-f]{6})-[0-9a-f]{6}\b", "$1-[HASH]"),
            (r#""seconds":[0-9.]+"#, r#""seconds":[SECONDS]"#),
            // The last column of a table.
            (r"(?m)   \d+s$", "   [AGE]"),
        ] {
            text = replace(pattern, &text, |captures| {
                let mut expanded = String::new();
                captures.expand(placeholder, &mut expanded);
                expanded
            });
        }
        let mut ulids = Numbered::new("ULID", 26);
        // Names of resources are in lower case; the ULID in one is the same as elsewhere.
        text = replace(
            r"\b[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}\b",
            &text,
            |captures| ulids.placeholder(&captures[0].to_ascii_uppercase()),
        );
        let mut uuids = Numbered::new("UUID", 36);
        replace(
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            &text,
            |captures| uuids.placeholder(&captures[0]),
        )
    }
}

fn replace(pattern: &str, text: &str, mut with: impl FnMut(&Captures<'_>) -> String) -> String {
    match Regex::new(pattern) {
        Ok(pattern) => pattern
            .replace_all(text, |captures: &Captures<'_>| with(captures))
            .into_owned(),
        Err(error) => panic!("{pattern}: {error}"),
    }
}

/// Placeholders by order of appearance, all as wide as what they stand for.
struct Numbered {
    what: &'static str,
    width: usize,
    seen: BTreeMap<String, usize>,
}

impl Numbered {
    const fn new(what: &'static str, width: usize) -> Self {
        Self {
            what,
            width,
            seen: BTreeMap::new(),
        }
    }

    fn placeholder(&mut self, text: &str) -> String {
        let next = self.seen.len() + 1;
        let number = self.seen.entry(text.to_owned()).or_insert(next);
        let name = format!("{}-{number}", self.what);
        format!("[{name:.<width$}]", width = self.width - 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_has_placeholders_of_the_same_width() {
        let redactor = Redactor::new(Path::new("/bin/under-test"), Path::new("/tmp/x"), None);
        let text = "\
NAME                         AGE
01JDG0000000000000000000AB   0s
01JDG0000000000000000000AC   12s
/disks/db-034d4d-01jdg0000000000000000000ab at https://127.0.0.1:43121, 2025-11-21T00:00:00.5Z
create disk x: done in 0.3s
usage: under-test in /tmp/x/work, id 7e0f1d6c-5a0e-4f6e-9a57-0e0f7a1b2c3d";
        insta::assert_snapshot!(redactor.redact(text), @r"
        NAME                         AGE
        [ULID-1..................]   [AGE]
        [ULID-2..................]   [AGE]
        /disks/db-034d4d-[ULID-1..................] at https://127.0.0.1:[PORT], [TIME]
        create disk x: done in [DURATION]
        usage: kompoxops in [ROOT]/work, id [UUID-1............................]
        ");
    }
}
