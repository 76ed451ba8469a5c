//! Proxies: the usual variables are kept to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kompoxops::exit_codes::{DONE, FAILED};

use crate::shop;

/// A proxy that opens tunnels (`CONNECT`), and counts them.
struct Proxy {
    address: String,
    tunnels: Arc<AtomicUsize>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let tunnels = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&tunnels);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                thread::spawn(move || tunnel(client, &count));
            }
        });
        Self { address, tunnels }
    }

    fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::SeqCst)
    }
}

fn tunnel(mut client: TcpStream, count: &AtomicUsize) {
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let target = request
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next());
    let Some(mut server) = target.and_then(|target| TcpStream::connect(target).ok()) else {
        return;
    };
    count.fetch_add(1, Ordering::SeqCst);
    client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .unwrap();
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
    let _ = std::io::copy(&mut client, &mut server);
}

#[test]
fn requests_go_through_the_proxy_unless_no_proxy_names_the_host() {
    let env = shop();
    let proxy = Proxy::start();
    let through = env
        .command("disk list")
        .without_env("NO_PROXY")
        .env("HTTPS_PROXY", &proxy.address);
    through.run().assert_code(DONE);
    assert!(proxy.tunnels() > 0);

    let before = proxy.tunnels();
    let past = env
        .command("disk list")
        .env("HTTPS_PROXY", &proxy.address)
        .env("NO_PROXY", "127.0.0.1");
    past.run().assert_code(DONE);
    assert_eq!(proxy.tunnels(), before);
}

#[test]
fn a_proxy_that_is_not_there_is_a_failure_whose_hint_names_the_variables() {
    let env = shop();
    // Nobody listens on the port of the discard protocol; one that was free just now may be taken by a test beside.
    let nobody = "http://127.0.0.1:9";
    let command = env
        .command("disk list")
        .without_env("NO_PROXY")
        .env("HTTPS_PROXY", nobody);
    let output = command.run().expect(FAILED);
    assert!(output.hint().contains("HTTPS_PROXY"), "{output}");
}

#[test]
fn a_proxy_variable_that_cannot_be_used_is_an_error_that_names_it_and_no_request_goes_past_it() {
    let env = shop();
    let before = env.emulator().requests().len();
    for (name, value, why) in [
        ("HTTPS_PROXY", "socks5://me:hunter2@127.0.0.1:1080", "SOCKS"),
        ("https_proxy", "socks://hunter2:1080", "SOCKS"),
        ("ALL_PROXY", "socks5h://hunter2", "SOCKS"),
        ("HTTPS_PROXY", "ftp://me:hunter2@127.0.0.1", "http://"),
        ("all_proxy", "http//hunter2", "http://host:port"),
        ("HTTPS_PROXY", "http://me:hunter 2@127.0.0.1:3128", "white space"),
        (
            "HTTPS_PROXY",
            "http://me:hun/ter2@127.0.0.1:3128",
            "percent-encoded",
        ),
    ] {
        let command = env.command("disk list").without_env("NO_PROXY").env(name, value);
        let output = command.run().expect(FAILED);
        assert!(
            output.stderr.contains(&format!("{name} cannot be used")),
            "{output}"
        );
        assert!(
            output.stderr.contains(why) && output.hint().contains("NO_PROXY"),
            "{output}"
        );
        assert!(!output.stderr.contains("hun"), "{output}");
    }
    assert_eq!(env.emulator().requests().len(), before);

    let past = env
        .command("disk list")
        .env("HTTPS_PROXY", "socks5://127.0.0.1:1")
        .env("NO_PROXY", "*");
    past.run().assert_code(DONE);
}

#[test]
fn which_variable_counts_is_as_for_curl() {
    let env = shop();
    let proxy = Proxy::start();
    let nobody = "http://127.0.0.1:9";
    let run = |set: &[(&str, &str)]| {
        let before = proxy.tunnels();
        let command = set.iter().fold(
            env.command("disk list").without_env("NO_PROXY"),
            |command, (name, value)| command.env(name, value),
        );
        command.run().assert_code(DONE);
        proxy.tunnels() > before
    };
    let it = proxy.address.as_str();
    assert!(run(&[("https_proxy", it), ("HTTPS_PROXY", nobody)]));
    assert!(run(&[("HTTPS_PROXY", it), ("ALL_PROXY", nobody)]));
    assert!(run(&[("ALL_PROXY", it), ("HTTPS_PROXY", "")]));
    assert!(run(&[("HTTPS_PROXY", it), ("NO_PROXY", "127.0.0.2,localhost")]));
    // A web server's request cannot choose a proxy, nor do away with one.
    assert!(run(&[("HTTPS_PROXY", it), ("REQUEST_METHOD", "GET")]));
    assert!(!run(&[("HTTP_PROXY", nobody), ("REQUEST_METHOD", "GET")]));
    for direct in ["*", "127.0.0.1", "127.0.0.0/8", "x, 127.0.0.1"] {
        assert!(!run(&[("HTTPS_PROXY", nobody), ("NO_PROXY", direct)]), "{direct}");
    }
    assert!(!run(&[
        ("HTTPS_PROXY", nobody),
        ("no_proxy", "*"),
        ("NO_PROXY", "x")
    ]));
}
