//! Where tests happen: a cluster of their own.
//!
//! With `KUBEBUILDER_ASSETS`, the directory with `kube-apiserver` and `etcd` that envtest uses, it is these two, started
//! for the test and stopped after it. Without it, it is a cluster of the embedded Azure. Nothing else differs for a
//! test: it must not matter to it which one it is. A real API server has no controllers, so what they would do is done
//! by [`stand_in`] there.

mod api;
mod embedded;
mod real;
mod stand_in;

use std::io::Write as _;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use kompox_domain::ids::SystemUlids;
use kompox_domain::{Context, Event, ProgressSink};
use kompox_kube::traefik::{Traefik, VaultCertificate, VaultMount};
use kompox_kube::{Ingress, IngressAddress, KubeClient, Kubeconfig};

pub(crate) use self::api::Api;

/// Whether anything happens in the cluster by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Pods run, load balancers get addresses, namespaces go.
    Lively,
    /// Whatever takes time takes for ever.
    Quiet,
}

pub(crate) struct World {
    pub(crate) client: KubeClient,
    /// The same cluster, without anything of ours.
    pub(crate) api: Api,
    pub(crate) events: Arc<Events>,
    /// Only of the embedded Azure is known what was asked.
    embedded: Option<embedded::Embedded>,
    _real: Option<real::Real>,
    _stand_in: Option<stand_in::StandIn>,
}

#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl ProgressSink for Events {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Events {
    /// What was begun, in order.
    pub(crate) fn steps(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let begun = events.iter().filter_map(|event| match event {
            Event::Started { what, .. } => Some(what.clone()),
            _ => None,
        });
        begun.collect()
    }

    /// What was told while waiting.
    pub(crate) fn states(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let told = events.iter().filter_map(|event| match event {
            Event::Progress { state, .. } => Some(state.clone()),
            _ => None,
        });
        told.collect()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl World {
    pub(crate) async fn start(life: Life) -> Self {
        match real::assets() {
            Some(assets) => Self::real(&assets, life).await,
            None => Self::embedded(life).await,
        }
    }

    pub(crate) async fn lively() -> Self {
        Self::start(Life::Lively).await
    }

    pub(crate) async fn quiet() -> Self {
        Self::start(Life::Quiet).await
    }

    async fn real(assets: &std::path::Path, life: Life) -> Self {
        let real = real::Real::start(assets).await;
        let api = Api::with_token(&real.server, &real.ca, &real.token);
        api.must("POST", CRDS, Some(&provider_classes())).await;
        let stand_in = (life == Life::Lively).then(|| stand_in::StandIn::start(api.clone()));
        Self::of(&real.kubeconfig(), api, None, Some(real), stand_in)
    }

    async fn embedded(life: Life) -> Self {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            // What is printed belongs to one test, and is shown only if it fails; this is about all of them.
            let said =
                "KUBEBUILDER_ASSETS is not set: these tests use the Kubernetes of the embedded Azure\n";
            std::io::stderr().write_all(said.as_bytes()).unwrap();
        });
        let embedded = embedded::Embedded::start(life).await;
        let (kubeconfig, api) = embedded.cluster().await;
        Self::of(&kubeconfig, api, Some(embedded), None, None)
    }

    fn of(
        kubeconfig: &str,
        api: Api,
        embedded: Option<embedded::Embedded>,
        real: Option<real::Real>,
        stand_in: Option<stand_in::StandIn>,
    ) -> Self {
        let access = Kubeconfig::parse(kubeconfig.as_bytes())
            .unwrap()
            .current()
            .unwrap();
        Self {
            client: KubeClient::new(&access, None).unwrap(),
            api,
            events: Arc::default(),
            embedded,
            _real: real,
            _stand_in: stand_in,
        }
    }

    pub(crate) fn cx(&self) -> Context {
        self.cx_for(Duration::from_secs(30))
    }

    pub(crate) fn cx_for(&self, patience: Duration) -> Context {
        let events: Arc<dyn ProgressSink> = Arc::clone(&self.events) as _;
        Context::new(events, Arc::new(SystemUlids::default())).with_deadline(Instant::now() + patience)
    }

    /// The whole way, as a driver goes it.
    pub(crate) async fn install(&self, traefik: &Traefik) -> kompox_domain::Result<IngressAddress> {
        self.install_by(traefik, false).await
    }

    pub(crate) async fn install_by(
        &self,
        traefik: &Traefik,
        force: bool,
    ) -> kompox_domain::Result<IngressAddress> {
        let cx = self.cx();
        let ingress = Ingress::new(&self.client, &cx, traefik)?;
        let mut look = ingress.look().await?;
        ingress.prepare(&mut look, force).await?;
        ingress.install(&mut look, force).await?;
        ingress.wait(&look).await
    }

    /// Method and path of all requests to the cluster since then, where that is known.
    pub(crate) fn requests(&self) -> Option<Vec<String>> {
        self.embedded.as_ref().map(embedded::Embedded::requests)
    }

    pub(crate) fn forget_requests(&self) {
        if let Some(embedded) = &self.embedded {
            embedded.forget_requests();
        }
    }
}

/// The ingress that most tests want.
pub(crate) fn traefik() -> Traefik {
    Traefik::new("traefik", "traefik", "ws1/prv1/c1")
}

/// One with certificates in a vault.
pub(crate) fn with_vault(name: &str, certificates: &[&str]) -> Traefik {
    let certificates = certificates.iter().map(|name| VaultCertificate {
        name: (*name).to_owned(),
        object: format!("{}-in-vault", name.replace('.', "-")),
        version: None,
    });
    Traefik {
        vaults: vec![VaultMount {
            name: name.to_owned(),
            parameters: [("keyvaultName".to_owned(), "kv1".to_owned())].into(),
            certificates: certificates.collect(),
        }],
        ..traefik()
    }
}

pub(crate) const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// What the CSI driver of the secrets store brings, as far as it matters here.
fn provider_classes() -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "secretproviderclasses.secrets-store.csi.x-k8s.io" },
        "spec": {
            "group": "secrets-store.csi.x-k8s.io",
            "names": { "kind": "SecretProviderClass", "listKind": "SecretProviderClassList",
                       "plural": "secretproviderclasses", "singular": "secretproviderclass" },
            "scope": "Namespaced",
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object",
                "properties": { "spec": { "type": "object", "properties": {
                    "provider": { "type": "string" },
                    "parameters": { "type": "object", "additionalProperties": { "type": "string" } }
                } } }
            } } }]
        }
    })
}
