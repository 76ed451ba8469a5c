//! Clients that connect and say nothing, or slowly: they are not waited for, and lock nobody out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Options};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Azure, GROUPS};

/// Far longer than what is waited for, far shorter than any timeout of a test.
const SOON: Duration = Duration::from_secs(20);

fn host(azure: &Azure) -> String {
    let endpoint = &azure.emulator.connection().arm_endpoint;
    endpoint.trim_start_matches("https://").to_owned()
}

async fn connect(azure: &Azure) -> TcpStream {
    TcpStream::connect(host(azure)).await.unwrap()
}

async fn connect_tls(azure: &Azure) -> TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    let file = &azure.emulator.connection().ca_file;
    roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    connector.connect(name, connect(azure).await).await.unwrap()
}

/// Reads to the end, or to the reset, which comes soon.
async fn ends(mut stream: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut all)).await;
    assert!(read.is_ok(), "the connection stays open");
    all
}

async fn groups(azure: &Azure) -> Duration {
    let begun = Instant::now();
    azure
        .get(&format!("~/resourcegroups?api-version={GROUPS}"))
        .await
        .expect(200);
    begun.elapsed()
}

fn patient_for(patience: Duration, connections: usize) -> Options {
    Options {
        patience,
        connections,
        ..Options::default()
    }
}

#[tokio::test]
async fn idle_connections_lock_nobody_out() {
    let azure = Azure::start(patient_for(Duration::from_secs(600), 8)).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(connect(&azure).await);
        idle.push(connect_tls(&azure).await.into_inner().0);
    }
    for _ in 0..3 {
        assert!(groups(&azure).await < SOON);
        idle.push(connect(&azure).await);
    }
    // The first ones made room.
    ends(idle.swap_remove(0)).await;
}

#[tokio::test]
async fn bodies_that_do_not_come_lock_nobody_out() {
    let azure = Azure::start(patient_for(Duration::from_secs(600), 8)).await;
    let mut slow = Vec::new();
    for _ in 0..24 {
        let mut stream = connect_tls(&azure).await;
        stream
            .write_all(b"PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n{")
            .await
            .unwrap();
        slow.push(stream);
    }
    for _ in 0..3 {
        let answered = tokio::time::timeout(SOON, groups(&azure)).await;
        assert!(answered.is_ok(), "it waits for bodies that do not come");
    }
}

#[tokio::test]
async fn requests_under_way_make_no_room_and_whoever_comes_next_waits_for_one_to_end() {
    let azure = Azure::start(patient_for(Duration::from_secs(600), 2)).await;
    let hang = FaultRule::new("GET", "/hang", FaultAction::Hang);
    azure.emulator.set_faults(FaultPlan::new([hang])).unwrap();
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut stream = connect_tls(&azure).await;
        stream
            .write_all(b"GET /hang HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        busy.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    {
        let waiting = std::pin::pin!(groups(&azure));
        assert!(
            tokio::time::timeout(Duration::from_millis(500), waiting)
                .await
                .is_err()
        );
    }
    drop(busy);
    assert!(groups(&azure).await < SOON);
}

#[tokio::test]
async fn whoever_says_nothing_or_slowly_is_not_waited_for() {
    let azure = Azure::start(patient_for(Duration::from_millis(400), 512)).await;
    // Before, within and after the handshake of TLS; within a head and within a body.
    ends(connect(&azure).await).await;
    let mut stream = connect(&azure).await;
    stream.write_all(&[22, 3, 1]).await.unwrap();
    ends(stream).await;
    ends(connect_tls(&azure).await).await;
    for part in [
        "GET /x HTTP/1.1\r\nhost: x\r\n",
        "PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let mut stream = connect_tls(&azure).await;
        stream.write_all(part.as_bytes()).await.unwrap();
        ends(stream).await;
    }
    // A byte now and then is no progress.
    let mut stream = connect_tls(&azure).await;
    stream
        .write_all(b"PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    while stream.write_all(b"{").await.is_ok() && stream.flush().await.is_ok() {
        assert!(begun.elapsed() < SOON, "the connection stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // An idle connection after an answer.
    let mut stream = connect_tls(&azure).await;
    stream
        .write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let answer = ends(stream).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn whoever_does_not_read_its_answer_is_not_waited_for() {
    let azure = Azure::start(patient_for(Duration::from_millis(400), 512)).await;
    // More than any system keeps for a client that does not read.
    let id = format!(
        "/subscriptions/{}/resourceGroups/rg",
        azure.emulator.connection().subscription_id
    );
    let body = serde_json::json!({ "location": "japaneast", "managedBy": "x".repeat(32 << 20) });
    azure.emulator.put_resource(&id, body).await.unwrap();
    let token = azure.access_token();
    let mut stream = connect_tls(&azure).await;
    let head =
        format!("GET {id}?api-version={GROUPS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(begin, *b"HTTP/1.1 200 OK");
    let begun = Instant::now();
    while stream.write_all(b"G").await.is_ok() && stream.flush().await.is_ok() {
        assert!(begun.elapsed() < SOON, "the connection stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_answer_that_takes_its_time_is_not_cut_off() {
    let azure = Azure::start(patient_for(Duration::from_millis(200), 512)).await;
    azure.emulator.set_latency(Duration::from_secs(1));
    assert!(groups(&azure).await >= Duration::from_secs(1));
}
