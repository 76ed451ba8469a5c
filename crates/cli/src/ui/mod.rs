//! The one place that writes to the terminal: standard output is data, everything else goes to standard error.

mod progress;
mod report;
mod spinner;
mod table;

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use anstream::AutoStream;
use kompox_domain::text::{lines, one_line};
use kompox_domain::{Error, ErrorKind, WriteOutcome};
use serde::Serialize;

pub use progress::{ProgressMode, Reporter};
pub use report::report_text;
pub use table::Table;

use crate::args::{Color, GlobalArgs, OutputFormat};
use crate::exit_codes;
use crate::failure::{Failure, Report};
use crate::os;
use crate::serialize;

/// How this run talks to its user.
#[derive(Debug, Clone)]
pub struct Ui {
    color: anstream::ColorChoice,
    quiet: bool,
    yes: bool,
    progress: ProgressMode,
    /// What was asked for with `--output`, if anything.
    output: OutputFormat,
    /// Whether anything was written in the cloud before what is printed.
    written: Cell<WriteOutcome>,
}

impl Ui {
    /// As the flags of a command say.
    #[must_use]
    pub fn new(global: &GlobalArgs, output: Option<OutputFormat>) -> Self {
        let color = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        Self {
            color,
            quiet: global.quiet,
            yes: global.yes,
            progress: ProgressMode::choose(global.progress, global.quiet),
            output: output.unwrap_or(OutputFormat::Auto),
            written: Cell::new(WriteOutcome::NotDone),
        }
    }

    /// The form in which data is printed, with `auto` decided.
    #[must_use]
    pub fn format(&self) -> OutputFormat {
        match self.output {
            OutputFormat::Auto if io::stdout().is_terminal() => OutputFormat::Table,
            OutputFormat::Auto => OutputFormat::Json,
            chosen => chosen,
        }
    }

    /// Prints text that was asked for, in lines of our own. JSON and YAML have told by then, in their own way, what does
    /// not show itself.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.color);
        stdout
            .write_all(lines(text).as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
                _ => self.unwritten(error).into(),
            })
    }

    /// The error of a result that could not be printed: what was written in the cloud by then stays written.
    fn unwritten(&self, error: io::Error) -> Error {
        let written = self.written.get();
        let error = Error::new(ErrorKind::Failed, "cannot write to standard output")
            .with_source(error)
            .with_outcome(written);
        match written {
            WriteOutcome::NotDone => error.with_hint("make room or write elsewhere, and run it again"),
            WriteOutcome::Unknown => error.with_hint(
                "what was asked for is done, only its output is lost; make room or write elsewhere",
            ),
        }
    }

    /// Takes note that an operation was done, before its result is printed.
    pub(crate) fn done(&self, outcome: WriteOutcome) {
        self.written.set(self.written.get().max(outcome));
    }

    /// Prints a value in the form asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn value<T: Serialize + ?Sized>(&self, value: &T, shown: &Shown) -> Result<(), Failure> {
        match self.format() {
            OutputFormat::Json => self.data(&serialize::json(value)?),
            OutputFormat::Yaml => self.data(&serialize::yaml(value)?),
            OutputFormat::Name => self.data(&report::one_to_a_line(&shown.names)),
            OutputFormat::Auto | OutputFormat::Table => {
                let tables = std::iter::once(&shown.table).chain(&shown.more);
                let filled: Vec<String> = tables
                    .filter(|table| !table.is_empty())
                    .map(Table::to_string)
                    .collect();
                if !filled.is_empty() {
                    return self.data(&filled.join("\n"));
                }
                if !shown.empty.is_empty() {
                    self.say(&shown.empty);
                }
                Ok(())
            }
        }
    }

    /// Prints values as YAML, a document each.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn documents<T: Serialize>(&self, values: &[T]) -> Result<(), Failure> {
        self.data(&serialize::yaml_documents(values)?)
    }

    /// Says something beside the data, in a line.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.stderr(&one_line(text));
        }
    }

    /// Shows a table beside the data.
    pub fn say_table(&self, table: &Table) {
        if !self.quiet {
            self.stderr(table.to_string().trim_end());
        }
    }

    /// Warns of something beside the data, in a line.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.stderr(&report::warning_text(text));
        }
    }

    /// Shows why a command failed, as JSON where the data would have been that or YAML.
    pub fn error(&self, report: &Report) {
        match self.output {
            // A JSON object is a YAML document too.
            OutputFormat::Json | OutputFormat::Yaml => self.stderr(&report.to_json()),
            _ => self.stderr(report_text(report).trim_end()),
        }
    }

    /// Whether a question will be asked, and not answered by a flag.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        !self.yes && io::stdin().is_terminal()
    }

    /// Asks whether to go on. Where nobody can be asked, only `--yes` is a yes.
    ///
    /// # Errors
    /// When the answer is no, or there is nobody to ask.
    pub fn confirm_or_refuse(&self, question: &str, what: &str) -> Result<(), Failure> {
        if self.yes || self.can_ask() {
            self.confirm(question, what)
        } else {
            Err(Failure::unasked(what))
        }
    }

    /// Asks whether to go on. Without a terminal to type on nobody can answer, and nobody is asked.
    ///
    /// # Errors
    /// When the answer is no.
    pub fn confirm(&self, question: &str, what: &str) -> Result<(), Failure> {
        if !self.can_ask() {
            return Ok(());
        }
        let prompt = format!("{} [y/N] ", one_line(question));
        let asked = if io::stderr().is_terminal() {
            write_all(&mut io::stderr().lock(), &prompt)
        } else {
            // Standard error goes elsewhere, and whoever would answer must see the question.
            os::terminal().and_then(|mut terminal| write_all(&mut terminal, &prompt))
        };
        let mut answer = String::new();
        // A question that cannot be shown is answered by nobody, which is a no.
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::declined(what))
        }
    }

    /// What shows the progress of one operation.
    #[must_use]
    pub(crate) fn reporter(&self, label: &str) -> Arc<Reporter> {
        Arc::new(Reporter::start(self.progress, self.quiet, self.color, label))
    }

    /// Writes what has been made printable, with colours.
    fn stderr(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(stderr, "{text}");
    }
}

fn write_all(to: &mut impl io::Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Shows what clap has to say, help included, and gives the exit code. Errors are one JSON object with `json`.
pub(crate) fn usage(error: &clap::Error, args: &[OsString], json: bool) -> u8 {
    if !error.use_stderr() {
        // Whoever reads help may stop reading: `kompoxops --help | head`.
        let _ = error.print();
        return exit_codes::DONE;
    }
    if json {
        let report = Report::usage(&error.render().to_string());
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{}", report.to_json());
    } else {
        let text = error.render().to_string();
        let safe = lines(&with_each_argument_in_a_line(text.clone(), args));
        let _ = if safe == text {
            error.print()
        } else {
            // It quotes the command line, and that something which would not show itself.
            write_all(&mut io::stderr().lock(), &safe)
        };
    }
    exit_codes::USAGE
}

/// What clap says, where it quotes an argument with a line break in it.
fn with_each_argument_in_a_line(mut text: String, args: &[OsString]) -> String {
    for arg in args.iter().filter_map(|arg| arg.to_str()) {
        // Of `--flag=value` each is quoted by itself.
        let parts = arg
            .split_once('=')
            .map_or([arg, ""], |(flag, value)| [flag, value]);
        for quoted in [arg]
            .into_iter()
            .chain(parts)
            .filter(|part| part.contains(['\n', '\r']))
        {
            text = text.replace(quoted, &one_line(quoted));
        }
    }
    text
}

/// The forms of a value for humans and for pipes of names.
#[derive(Debug, Default)]
pub struct Shown {
    /// As a table.
    pub table: Table,
    /// Tables below it, each after an empty line. Those without rows are left out.
    pub more: Vec<Table>,
    /// As names, one to a line.
    pub names: Vec<String>,
    /// What is said on standard error in place of a table without rows.
    pub empty: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_with_line_breaks_takes_one_line_where_it_is_quoted() {
        let args: Vec<OsString> = ["kompoxops", "-o", "a\nFAKE: b", "--zone=c\r\nd", "plain"]
            .map(OsString::from)
            .into();
        let told = "error: invalid value 'a\nFAKE: b' for '-o'\n\ninvalid 'c\r\nd'\n";
        let safe = with_each_argument_in_a_line(told.to_owned(), &args);
        assert_eq!(safe.lines().count(), 3, "{safe:?}");
        assert!(!safe.lines().any(|line| line.starts_with("FAKE")), "{safe:?}");
    }
}
