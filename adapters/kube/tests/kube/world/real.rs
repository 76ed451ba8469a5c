//! A real API server, with its etcd.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::Api;

/// Starts slowly where others are busy.
const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "token-of-an-administrator";

/// What the API server makes for itself.
const MADE: [&str; 3] = [
    "/api/v1/namespaces/default",
    "/api/v1/namespaces/kube-node-lease",
    "/api/v1/namespaces/default/services/kubernetes",
];

/// Runs a program until standard input is closed: so it ends with the test, however that ends.
const LEASH: &str = r#""$@" & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid""#;

/// The directory with the programs, if there is one.
pub(super) fn assets() -> Option<PathBuf> {
    std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from)
}

pub(super) struct Real {
    pub(super) server: String,
    pub(super) ca: String,
    pub(super) token: String,
    programs: Vec<Child>,
    // Goes after the programs that write to it.
    directory: tempfile::TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            // Let go of the leash, and wait until it is over.
            drop(program.stdin.take());
            let _ = program.wait();
        }
    }
}

impl Real {
    pub(super) async fn start(assets: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let at = |name: &str| path.join(name);
        let [clients, peers, secure] = ports();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let etcd = launch(
            &assets.join("etcd"),
            &at("etcd.log"),
            &[
                ("data-dir", at("etcd").display().to_string()),
                ("listen-client-urls", url(clients)),
                ("advertise-client-urls", url(clients)),
                ("listen-peer-urls", url(peers)),
                ("initial-advertise-peer-urls", url(peers)),
                ("initial-cluster", format!("default={}", url(peers))),
            ],
        );
        let ca = certificates(&path);
        fs::write(at("tokens"), format!("{TOKEN},admin,admin,system:masters\n")).unwrap();
        let file = |name: &str| at(name).display().to_string();
        let api_server = launch(
            &assets.join("kube-apiserver"),
            &at("kube-apiserver.log"),
            &[
                ("etcd-servers", url(clients)),
                ("secure-port", secure.to_string()),
                ("bind-address", "127.0.0.1".to_owned()),
                ("advertise-address", "127.0.0.1".to_owned()),
                ("cert-dir", file("certificates")),
                ("tls-cert-file", file("server.pem")),
                ("tls-private-key-file", file("server.key")),
                ("token-auth-file", file("tokens")),
                ("authorization-mode", "RBAC".to_owned()),
                ("service-account-issuer", "https://localhost".to_owned()),
                ("service-account-key-file", file("server.pub")),
                ("service-account-signing-key-file", file("server.key")),
                ("service-cluster-ip-range", "10.0.0.0/24".to_owned()),
                // Both count on controllers: for tokens of pods, and for taking a finalizer away again.
                (
                    "disable-admission-plugins",
                    "ServiceAccount,StorageObjectInUseProtection".to_owned(),
                ),
            ],
        );
        let real = Self {
            server: format!("https://127.0.0.1:{secure}"),
            ca,
            token: TOKEN.to_owned(),
            programs: vec![etcd, api_server],
            directory,
        };
        real.wait().await;
        real
    }

    pub(super) fn kubeconfig(&self) -> String {
        use base64::Engine as _;
        let ca = base64::engine::general_purpose::STANDARD.encode(&self.ca);
        format!(
            "{{kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: c, user: c}}}}],
              clusters: [{{name: c, cluster: {{server: '{}', certificate-authority-data: {ca}}}}}],
              users: [{{name: c, user: {{token: {}}}}}]}}",
            self.server, self.token
        )
    }

    async fn wait(&self) {
        let api = Api::with_token(&self.server, &self.ca, &self.token);
        let end = Instant::now() + PATIENCE;
        loop {
            let ready = api.try_send("GET", "/readyz", "", None).await;
            // The API server makes a few things for itself, some of them a little later.
            let mut made = matches!(ready, Ok((200, _)));
            for path in MADE {
                made = made && api.get(path).await.is_some();
            }
            if made {
                return;
            }
            if Instant::now() > end {
                let log = self.directory.path().join("kube-apiserver.log");
                let log = fs::read_to_string(log).unwrap_or_default();
                let from = log.len().saturating_sub(4000);
                panic!(
                    "the API server does not become ready: {ready:?}\n{}",
                    log.get(from..).unwrap_or(&log)
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn launch(program: &Path, log: &Path, flags: &[(&str, String)]) -> Child {
    let log = fs::File::create(log).unwrap();
    Command::new("sh")
        .args(["-c", LEASH, "leash"])
        .arg(program)
        .args(flags.iter().map(|(name, value)| format!("--{name}={value}")))
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Ports that nobody uses now. All are held until all are known.
fn ports() -> [u16; 3] {
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.each_ref()
        .map(|listener| listener.local_addr().unwrap().port())
}

/// Writes a certificate for loopback and its key; answers with the CA.
fn certificates(directory: &Path) -> String {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let leaf = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    fs::write(directory.join("server.pem"), leaf.pem()).unwrap();
    fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    // Tokens of service accounts are signed with the same key: nobody here asks for one.
    fs::write(directory.join("server.pub"), key.public_key_pem()).unwrap();
    pem
}
