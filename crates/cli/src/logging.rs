//! The log, for whoever looks for a fault. Off unless asked for; command lines and secrets are never in it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use kompox_domain::ErrorKind;
use kompox_domain::text::one_line;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{GlobalArgs, LogFormat, LogLevel};
use crate::failure::Failure;
use crate::os;
use crate::serialize::escaped;

/// Begins to log as the flags say.
///
/// # Errors
/// When the log file cannot be written.
pub(crate) fn init(global: &GlobalArgs) -> Result<(), Failure> {
    let output = match &global.log_output {
        Some(path) => path.as_path(),
        None if global.log_level.is_some() => Path::new("-"),
        None => return Ok(()),
    };
    let level = level(global.log_level.unwrap_or(LogLevel::Info));
    if output == Path::new("none") || level == LevelFilter::OFF {
        return Ok(());
    }
    let format = global.log_format;
    let writer = if output == Path::new("-") {
        BoxMakeWriter::new(move || Lines {
            format,
            to: io::stderr(),
        })
    } else {
        let file = os::append_private(output).map_err(|error| {
            Failure::io(
                format!("cannot write the log to --log-output {}", output.display()),
                error,
                "name a file in a directory that exists, or `-` for standard error",
            )
        })?;
        BoxMakeWriter::new(Mutex::new(Lines { format, to: file }))
    };
    // Libraries log headers and bodies at their lower levels, which are not ours to show.
    let ours = [
        "kompoxops",
        "kompox_aks",
        "kompox_arm",
        "kompox_azure_emulator",
        "kompox_config",
        "kompox_kube",
        "kompox_proxy",
        "kompox_usecase",
    ];
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(ours.map(|target| (target, level)));
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let layer = match global.log_format {
        LogFormat::Human => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .try_init()
        .map_err(|error| {
            Failure::new(
                ErrorKind::Internal,
                format!("cannot log: {error}"),
                "run it without --log-level",
            )
        })
}

/// Writes each entry in a line of its own, whatever names and messages hold.
struct Lines<W> {
    format: LogFormat,
    to: W,
}

impl<W: Write> Write for Lines<W> {
    /// Of one entry: the layer writes each at once.
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(entry);
        let line = match self.format {
            LogFormat::Human => one_line(&text),
            LogFormat::Json => escaped(text.trim_end()),
        };
        self.to.write_all((line + "\n").as_bytes())?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

const fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_one_line_whatever_it_holds() {
        let written = |format, entry: &str| {
            let mut to = Vec::new();
            Lines { format, to: &mut to }.write_all(entry.as_bytes()).unwrap();
            String::from_utf8(to).unwrap()
        };
        assert_eq!(
            written(LogFormat::Human, "INFO a\u{1b}[2Jb\nERROR forged\r\u{202e}\n"),
            "INFO a\\u{1b}[2Jb ERROR forged\\u{d}\\u{202e}\n"
        );
        assert_eq!(
            written(LogFormat::Json, "{\"a\":\"\u{9b}\u{2028}\\n\"}\n"),
            "{\"a\":\"\\u009b\\u2028\\n\"}\n"
        );
    }
}
