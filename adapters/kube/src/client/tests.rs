//! Clients and servers that do not get along.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use kompox_domain::{Context, Error, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::Kubeconfig;

fn cx() -> Context {
    let end = Instant::now() + Duration::from_secs(10);
    Context::new(Arc::new(Silent), Arc::new(SystemUlids::default())).with_deadline(end)
}

fn access(cluster: &str, user: &str) -> Access {
    let text = format!(
        "{{kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: c, user: c}}}}],
          clusters: [{{name: c, cluster: {cluster}}}], users: [{{name: c, user: {user}}}]}}"
    );
    Kubeconfig::parse(text.as_bytes()).unwrap().current().unwrap()
}

async fn trouble(server: &str, cx: &Context) -> KubeError {
    let access = access(&format!("{{server: '{server}'}}"), "{token: secret-token}");
    let client = KubeClient::new(&access, None).unwrap();
    client.namespace_exists(cx, "default").await.unwrap_err()
}

#[tokio::test]
async fn what_keeps_a_cluster_from_answering_is_told_apart() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let refused = trouble(&format!("https://{nobody}"), &cx()).await;
    assert_eq!(refused.trouble(), Trouble::Unreachable, "{refused:?}");
    let unknown = trouble("https://name.invalid", &cx()).await;
    assert_eq!(unknown.trouble(), Trouble::Dns, "{unknown:?}");
    let error = Error::from(unknown);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.hint().unwrap().contains("private"));
    assert!(!format!("{error:?} {refused:?}").contains("secret-token"));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_past_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begin = Instant::now();
    let cx = cx().with_deadline(begin + Duration::from_millis(200));
    let silent = trouble(&format!("https://{address}"), &cx).await;
    assert_eq!(silent.trouble(), Trouble::Timeout, "{silent:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn somebody_who_speaks_no_tls_is_nobody_to_trust() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let strange = trouble(&format!("https://{address}"), &cx()).await;
    assert_eq!(strange.trouble(), Trouble::Tls, "{strange:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn what_a_kubeconfig_lacks_is_said_and_files_and_programs_are_left_alone() {
    for (cluster, user, why) in [
        ("{}", "{token: t}", "names no server"),
        ("{server: 'http://x'}", "{token: t}", "https"),
        ("{server: '::'}", "{token: t}", "not an address"),
        (
            "{server: 'https://x', certificate-authority: /etc/ca.pem}",
            "{token: t}",
            "in a file",
        ),
        (
            "{server: 'https://x', certificate-authority-data: '%'}",
            "{token: t}",
            "base64",
        ),
        (
            "{server: 'https://x', certificate-authority-data: Q0E=}",
            "{token: t}",
            "no certificate",
        ),
        (
            "{server: 'https://x'}",
            "{tokenFile: /etc/token}",
            "no credential",
        ),
        (
            "{server: 'https://x'}",
            "{exec: {command: /bin/false}}",
            "no credential",
        ),
    ] {
        let error = KubeClient::new(&access(cluster, user), None).unwrap_err();
        assert_eq!(error.trouble(), Trouble::Config);
        assert!(error.to_string().contains(why), "{error}");
    }
    let token = Secret::new("t".to_owned());
    let with_program = access("{server: 'https://x'}", "{exec: {command: /bin/false}}");
    assert!(KubeClient::new(&with_program, Some(&token)).is_ok());
}
