//! Clients and servers that do not get along.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use kompox_domain::{Context, Error, ErrorKind, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::kubeconfig::{Access, Kubeconfig};

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
    assert!(format!("{:?}", error.hints()).contains("private"));
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

fn answered(status: &serde_json::Value) -> KubeError {
    let status = serde_json::from_value(status.clone()).unwrap();
    KubeError::refused("https://x", &status)
}

#[test]
fn what_an_api_server_refuses_is_told_apart_with_the_causes_it_names() {
    use serde_json::json;

    let conflict = json!({ "code": 409, "reason": "Conflict", "message": "Apply failed with 1 conflict", "details": { "causes": [
        { "reason": "FieldManagerConflict", "message": "conflict with \"helm\" using apps/v1", "field": ".spec.replicas" }
    ] } });
    let leaving = json!({ "code": 403, "reason": "Forbidden", "message": "because it is being terminated", "details": { "causes": [
        { "reason": "NamespaceTerminating", "message": "namespace n is being terminated", "field": "metadata.namespace" }
    ] } });
    let policy = json!({ "code": 403, "reason": "Forbidden", "message": "admission webhook \"p\" denied the request: no" });
    let quota = json!({ "code": 403, "reason": "Forbidden", "message": "exceeded quota: q" });
    let rights = json!({ "code": 403, "reason": "Forbidden", "message": "User \"u\" cannot patch resource" });
    let invalid = json!({ "code": 422, "reason": "Invalid", "message": "it is invalid", "details": { "causes": [
        { "reason": "FieldValueInvalid", "message": "field is immutable", "field": "spec.selector" }
    ] } });
    for (status, trouble, kind, says) in [
        (
            conflict,
            Trouble::FieldsOwned,
            ErrorKind::Conflict,
            ".spec.replicas: conflict with \"helm\"",
        ),
        (
            leaving,
            Trouble::Conflict,
            ErrorKind::Conflict,
            "being terminated",
        ),
        (
            policy,
            Trouble::Refused,
            ErrorKind::Precondition,
            "denied the request",
        ),
        (quota, Trouble::Refused, ErrorKind::Precondition, "exceeded quota"),
        (
            rights,
            Trouble::Forbidden,
            ErrorKind::PermissionDenied,
            "cannot patch",
        ),
        (
            invalid,
            Trouble::Invalid,
            ErrorKind::InvalidInput,
            "spec.selector: field is immutable",
        ),
        (
            json!({ "code": 409, "reason": "AlreadyExists" }),
            Trouble::AlreadyExists,
            ErrorKind::Conflict,
            "already",
        ),
        (
            json!({ "code": 404, "reason": "NotFound" }),
            Trouble::NotFound,
            ErrorKind::NotFound,
            "does not have",
        ),
    ] {
        let error = answered(&status);
        assert_eq!(error.trouble(), trouble, "{error}");
        assert!(
            !error.is_transient() && error.to_string().contains(says),
            "{error}"
        );
        assert_eq!(Error::from(error).kind(), kind);
    }
    for code in [429, 500, 503, 504] {
        assert!(answered(&json!({ "code": code })).is_transient(), "{code}");
    }
}
