//! What the cloud answers: what is taken over of it, and what is refused.

use super::*;

fn received(cluster: &str, user: &str) -> Result<Received> {
    let text = format!(
        "{{kind: Config, current-context: a, clusters: [{{name: b, cluster: {{{cluster}}}}}],
          users: [{{name: c, user: {{{user}}}}}],
          contexts: [{{name: a, context: {{cluster: b, user: c, namespace: n}}}}]}}"
    );
    Kubeconfig::received(text.as_bytes())
}

#[test]
fn only_known_fields_are_taken_over() {
    let known = "server: 'https://x:443/y', certificate-authority-data: Q0E=, tls-server-name: a-1.example";
    let credential = "client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: 1e5";
    let Received { access, wants_token } = received(
        &format!("{known}, insecure-skip-tls-verify: false, proxy-url: '', disable-compression: true, extensions: [{{name: x}}]"),
        &format!("{credential}, as: ~, as-groups: [], as-user-extra: {{}}, exec: null, extensions: [{{name: x}}]"),
    )
    .unwrap();
    assert!(!wants_token);
    let bare = format!(
        "{{apiVersion: v1, kind: Config, current-context: a, clusters: [{{name: b, cluster: {{{known}}}}}],
          users: [{{name: c, user: {{{}}}}}], contexts: [{{name: a, context: {{cluster: b, user: c}}}}]}}",
        credential.replace("1e5", "'1e5'")
    );
    assert!(access.to_kubeconfig() == parse(&bare), "{access:?}");
    for user in [
        "exec: {command: x}",
        "auth-provider: {name: azure}, token: ''",
        "exec: {a: b}",
    ] {
        let Received { access, wants_token } = received(known, user).unwrap();
        assert!(wants_token && access.user.is_empty(), "{user}");
    }
}

#[test]
fn what_would_run_read_believe_or_impersonate_is_refused_by_name() {
    let good = "server: 'https://x'";
    for (cluster, user, why) in [
        ("", "token: t", "server"),
        ("server: 'http://x'", "token: t", "server"),
        ("server: x", "token: t", "server"),
        ("server: 'https://'", "token: t", "server"),
        ("server: 'https://hunter2@x'", "token: t", "server"),
        ("server: 'https://hunter2:y@x'", "token: t", "server"),
        ("server: [hunter2]", "token: t", "server is not one word"),
        (
            "server: 'https://x', insecure-skip-tls-verify: true",
            "token: t",
            "insecure-skip-tls-verify",
        ),
        (
            "server: 'https://x', insecure-skip-tls-verify: yes",
            "token: t",
            "insecure-skip-tls-verify",
        ),
        (
            "server: 'https://x', certificate-authority: hunter2",
            "token: t",
            "has certificate-authority,",
        ),
        (
            "server: 'https://x', proxy-url: 'http://hunter2'",
            "token: t",
            "proxy-url",
        ),
        (
            "server: 'https://x', tls-server-name: 'hunter2/'",
            "token: t",
            "tls-server-name",
        ),
        (
            "server: 'https://x', certificate-authority-data: \"Q0E=\\n\\nhunter2\"",
            "",
            "certificate-authority-data",
        ),
        (good, "client-certificate: hunter2", "has client-certificate,"),
        (good, "client-key: hunter2", "has client-key,"),
        (good, "tokenFile: hunter2", "tokenFile"),
        (good, "username: hunter2", "username"),
        (good, "password: hunter2", "password"),
        (good, "as: hunter2", "has as,"),
        (good, "as-uid: hunter2", "as-uid"),
        (good, "as-groups: [hunter2]", "as-groups"),
        (good, "as-user-extra: {a: [hunter2]}", "as-user-extra"),
        (good, "token: \"hunter2\\r\\nX: y\"", "token"),
        (good, "token: hunter2 é", "token"),
        (good, "client-key-data: {a: hunter2}", "client-key-data"),
    ] {
        let Err(error) = received(cluster, user) else {
            panic!("{cluster} {user}")
        };
        let told = format!("{error} {error:?}");
        assert!(told.contains(why), "{cluster} {user}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert!(Kubeconfig::received(b"kind: Config").is_err());
}
