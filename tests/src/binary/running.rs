//! A run of the program that has not ended yet.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::output::{Output, Redactor};

/// Longer than anything takes on a machine that is busy; reached only when a test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A run of the program. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<Lines>,
    stderr: Lines,
    redactor: Redactor,
}

impl Running {
    pub(super) fn spawn(mut command: Command, redactor: Redactor) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().map(Lines::read);
        let stderr = Lines::read(child.stderr.take().expect("standard error is piped"));
        Self {
            child,
            stdout,
            stderr,
            redactor,
        }
    }

    /// Waits until a line of standard error holds this text, and gives the line.
    #[track_caller]
    pub fn wait_for_stderr(&mut self, text: &str) -> String {
        self.stderr.wait_for(text)
    }

    /// Waits until a line of standard output holds this text, and gives the line.
    #[track_caller]
    pub fn wait_for_stdout(&mut self, text: &str) -> String {
        let stdout = self.stdout.as_mut().expect("standard output is piped");
        stdout.wait_for(text)
    }

    /// Sends it a signal, such as `INT`.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        send(signal, self.child.id());
    }

    /// Closes its standard input.
    pub fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Output {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("the program can be waited for") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => {
                    let _ = self.child.kill();
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let stdout = self.stdout.take().map(Lines::finish).unwrap_or_default();
        let stderr = std::mem::take(&mut self.stderr).finish();
        Output::new(stdout, stderr, status, self.redactor.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a stream has brought, line by line, read by a thread so that the program never waits for us.
#[derive(Debug, Default)]
struct Lines {
    receiver: Option<Receiver<String>>,
    thread: Option<JoinHandle<()>>,
    seen: String,
}

impl Lines {
    fn read(stream: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self {
            receiver: Some(receiver),
            thread: Some(thread),
            seen: String::new(),
        }
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) -> String {
        let receiver = self.receiver.as_ref().expect("the stream is read");
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in time after {}", self.seen),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the stream ended without {text:?}: {}", self.seen)
                }
            }
        }
    }

    /// Everything that it brought, once it has ended.
    fn finish(mut self) -> String {
        for line in self.receiver.take().into_iter().flatten() {
            self.seen.push_str(&line);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.seen
    }
}

/// Sends a process a signal.
#[cfg(unix)]
pub(super) fn send(signal: &str, process: u32) {
    // The shell's own command: there may be no other.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{signal} {process}"))
        .stdin(Stdio::null())
        .status()
        .expect("a shell");
    assert!(status.success(), "kill -{signal}: {status}");
}
