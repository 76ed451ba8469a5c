//! What is no regular file of a bearable size is refused at once, whatever it is and however it is opened.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use kompox_files::{check_at, open, open_any, read, read_text_value, read_value};
use tempfile::TempDir;

const MOST: u64 = 1 << 10;
/// Longer than any answer takes, and shorter than what waits for its other end.
const AT_ONCE: Duration = Duration::from_secs(20);

/// What keeps a file from being used, by every way of using it.
fn answers(path: &Path) -> Vec<String> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let told = |error: kompox_files::Unusable| error.in_full();
        let opened = |options: &mut OpenOptions| open(&path, options).map(drop).unwrap_err().to_string();
        let answers = vec![
            read(&path, MOST).unwrap_err().in_full(),
            read_value(&path, MOST).map_err(told).unwrap_err(),
            read_text_value(&path, MOST).map_err(told).unwrap_err(),
            opened(OpenOptions::new().read(true)),
            opened(OpenOptions::new().append(true)),
            opened(OpenOptions::new().write(true)),
        ];
        sender.send(answers)
    });
    receiver.recv_timeout(AT_ONCE).expect("an answer at once")
}

fn pipe(directory: &TempDir) -> PathBuf {
    let path = directory.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    path
}

#[test]
fn what_is_no_regular_file_is_refused_at_once_and_named_also_behind_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let cases = [
        (pipe(&directory), "a named pipe"),
        (socket, "a socket"),
        (directory.path().to_owned(), "a directory"),
        ("/dev/zero".into(), "a device"),
        ("/dev/null".into(), "a device"),
    ];
    for (index, (path, what)) in cases.into_iter().enumerate() {
        let link = directory.path().join(format!("link-{index}"));
        symlink(&path, &link).unwrap();
        for path in [&path, &link] {
            let read = format!("is {what}, not a regular file");
            let opened = format!("it {read}");
            let answers = answers(path);
            assert_eq!(answers[..3], vec![read; 3], "{path:?}");
            assert_eq!(answers[3..], vec![opened; 3], "{path:?}");
            assert!(check_at(path, MOST).is_err());
        }
    }
}

#[test]
fn what_is_open_already_is_opened_again_without_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = pipe(&directory);
    // Nobody reads from it.
    open_any(&pipe, OpenOptions::new().append(true)).unwrap_err();
    let reader = open_any(&pipe, OpenOptions::new().read(true)).unwrap();
    let writer = open_any(&pipe, OpenOptions::new().append(true)).unwrap();
    // From here on whoever reads or writes waits as usual.
    for file in [&reader, &writer] {
        let flags = rustix::fs::fcntl_getfl(file).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }
}

/// `/proc/kmsg` calls itself a regular file; whoever may open it at all would wait for the next message. Others of its
/// kind can be opened by anybody.
#[cfg(target_os = "linux")]
#[test]
fn what_the_kernel_makes_up_is_refused_at_once() {
    for path in ["/proc/kmsg", "/proc/version", "/proc/self/environ"] {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let path = Path::new(path);
            assert!(check_at(path, MOST).is_err() && open(path, OpenOptions::new().read(true)).is_err());
            sender.send(read(path, MOST).unwrap_err().to_string())
        });
        let answer = receiver.recv_timeout(AT_ONCE).expect("an answer at once");
        let of_the_kernel = answer == "is an interface of the kernel, not a regular file";
        // Only root may open the log of the kernel.
        assert!(
            of_the_kernel || (path == "/proc/kmsg" && answer == "may not be read"),
            "{path}: {answer}"
        );
    }
}

#[test]
fn a_file_is_read_up_to_the_bound_and_not_beyond() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    for (size, fits) in [(0, true), (MOST, true), (MOST + 1, false), (1 << 40, false)] {
        // Full of holes: what it says of its size is enough.
        fs::File::create(&path).unwrap().set_len(size).unwrap();
        let read = read(&path, MOST).map(|bytes| bytes.len() as u64);
        match read {
            Ok(read) => assert_eq!((read, fits), (size, true)),
            Err(error) => assert_eq!(
                (error.to_string().as_str(), fits),
                ("is larger than 1 KiB", false)
            ),
        }
        assert_eq!(check_at(&path, MOST).is_ok(), fits);
    }
    // A link to a regular file is one.
    fs::write(&path, "a\n").unwrap();
    let link = directory.path().join("link");
    symlink("file", &link).unwrap();
    assert_eq!(read(&link, MOST).unwrap(), b"a\n");
    assert_eq!(read_value(&link, MOST).unwrap(), b"a");
    assert_eq!(read_text_value(&link, MOST).unwrap(), "a");
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    symlink("nothing", at("dangling")).unwrap();
    symlink("loop", at("loop")).unwrap();
    fs::write(at("file"), "").unwrap();
    fs::write(at("utf-16"), [0xff, 0xfe, b'a', 0]).unwrap();
    fs::write(at("latin"), [b'a', 0xe4]).unwrap();
    for (name, told) in [
        ("nothing", "does not exist"),
        ("dangling", "is a link that leads to nothing"),
        ("loop", "is a loop of links"),
        ("file/below", "cannot be read: Not a directory (os error 20)"),
        ("a\0b", "is no path"),
        ("utf-16", "is UTF-16, not UTF-8"),
        ("latin", "does not hold UTF-8"),
    ] {
        assert_eq!(
            read_text_value(&at(name), MOST).unwrap_err().in_full(),
            told,
            "{name:?}"
        );
    }
    assert_eq!(read_value(&at("latin"), MOST).unwrap(), [b'a', 0xe4]);
    let error = read(&at("nothing"), MOST)
        .unwrap_err()
        .told_of("AZURE_CA_FILE ca.pem");
    assert_eq!(error.to_string(), "AZURE_CA_FILE ca.pem does not exist");
    assert_eq!(error.kind(), kompox_domain::ErrorKind::InvalidInput);
}
