//! A run of the program on a terminal, where it asks questions and prints tables.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::output::Redactor;
use super::running::PATIENCE;

/// A run of the program whose standard streams are one terminal. It is killed when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<String>,
    seen: String,
    redactor: Redactor,
}

impl Terminal {
    /// Standard error is the terminal too, unless another is given.
    pub(super) fn spawn(mut command: Command, stderr: Option<Stdio>, redactor: Redactor) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("a terminal");
        unlockpt(&ours).expect("a terminal");
        let name = ptsname(&ours, Vec::new()).expect("a terminal has a name");
        let name = name.into_string().expect("a terminal's name is ASCII");
        let theirs = File::options()
            .read(true)
            .write(true)
            .open(name)
            .expect("the other end of the terminal");
        let stream = || Stdio::from(theirs.try_clone().expect("a file can be shared"));
        let child = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stderr.unwrap_or_else(stream))
            .env("TERM", "xterm")
            .spawn()
            .expect("the program starts");
        let keyboard = File::from(ours);
        let mut reader = keyboard.try_clone().expect("a file can be shared");
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // On some systems the end of the other side is an error, not an end.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: String::new(),
            redactor,
        }
    }

    /// Waits until the screen shows this text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.screen.recv_timeout(PATIENCE) {
                Ok(more) => self.seen.push_str(&more),
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in time after {}", self.seen),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without {text:?}: {}", self.seen),
            }
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").expect("the terminal takes input");
    }

    /// Sends it a signal, such as `INT`: what Ctrl-C on its keyboard does.
    pub fn signal(&self, signal: &str) {
        super::running::send(signal, self.child.id());
    }

    /// Waits for its end: what the screen showed, with placeholders, and the exit code.
    #[must_use]
    pub fn wait(mut self) -> (String, Option<i32>) {
        let status = self.child.wait().expect("the program can be waited for");
        // Our copies of its end are gone with the command; what it wrote is still to be read.
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&more);
        }
        (self.redactor.redact(&self.seen), status.code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
