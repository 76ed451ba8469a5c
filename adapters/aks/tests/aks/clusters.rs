//! A world with one cluster, and short ways to do things with it.

use kompox_domain::hint::in_words;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_aks::AksFactory;
use kompox_arm::ArmOptions;
use kompox_azure_emulator::{Emulator, FaultPlan, FaultRule, LoggedRequest, Options};
use kompox_domain::cluster::Plan;
use kompox_domain::driver::DriverFactory as _;
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::model::{App, Cluster, Provider};
use kompox_domain::{Context, Error, Event, Mode, ProviderDriver, ProviderScope, Result};
use serde_json::{Value, json};

use crate::support::{NoSecrets, Told, app, context, settings};

pub(crate) const GROUP: &str = "rg-cluster";
pub(crate) const STACK: &str = "kompox_ws1_prv1_c1";
pub(crate) const PATH: &str = "ws1/prv1/c1";

/// An operator with a driver of their own, as they would have after starting the program anew.
pub(crate) struct Operator {
    pub(crate) driver: Arc<dyn ProviderDriver>,
    pub(crate) scope: Cluster,
    pub(crate) cx: Context,
    pub(crate) told: Arc<Told>,
}

pub(crate) struct World {
    pub(crate) emulator: Emulator,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        Self { emulator }
    }

    /// An operator whose cluster has these settings beside its group.
    pub(crate) fn operator(&self, more: &[(&str, &str)]) -> Operator {
        self.operator_of(false, more)
    }

    pub(crate) fn operator_of(&self, existing: bool, more: &[(&str, &str)]) -> Operator {
        let app = app("app1", "rg-app");
        let mut cluster = app.cluster;
        let mut pairs = vec![];
        if !existing && !more.iter().any(|(key, _)| *key == "AZURE_RESOURCE_GROUP_NAME") {
            pairs.push(("AZURE_RESOURCE_GROUP_NAME", GROUP));
        }
        let (of_provider, of_cluster): (Vec<_>, Vec<_>) =
            more.iter().partition(|(key, _)| *key == "AZURE_LOCATION");
        pairs.extend(of_cluster);
        cluster.settings = settings(pairs);
        cluster.existing = existing;
        self.operator_for(cluster, vec![], of_provider)
    }

    /// An operator of this very cluster with these apps on it, and these settings of the provider.
    pub(crate) fn operator_for(
        &self,
        cluster: Cluster,
        apps: Vec<App>,
        of_provider: Vec<&(&str, &str)>,
    ) -> Operator {
        let of_provider = of_provider.into_iter().copied();
        let connection = self.emulator.connection().settings();
        let provider = Provider {
            id: cluster.id.provider.clone(),
            driver: "aks".to_owned(),
            settings: settings(
                connection
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .chain(of_provider)
                    .collect::<Vec<_>>(),
            ),
        };
        let scope = ProviderScope {
            provider,
            clusters: vec![cluster.clone()],
            apps,
        };
        let options = ArmOptions {
            backoff: Duration::from_millis(1),
            poll: Duration::from_millis(1),
            concurrency: 16,
        };
        let driver = AksFactory::with_options(options)
            .build(&scope, &NoSecrets)
            .unwrap();
        let (cx, told) = context();
        Operator {
            driver,
            scope: cluster,
            cx,
            told,
        }
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        self.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    }

    pub(crate) fn mend(&self) {
        self.emulator.set_faults(FaultPlan::default()).unwrap();
    }

    pub(crate) fn subscription(&self) -> String {
        format!("/subscriptions/{}", self.emulator.connection().subscription_id)
    }

    pub(crate) fn group_id(&self) -> String {
        format!("{}/resourceGroups/{GROUP}", self.subscription())
    }

    pub(crate) fn stack_id(&self) -> String {
        format!(
            "{}/providers/Microsoft.Resources/deploymentStacks/{STACK}",
            self.subscription()
        )
    }

    pub(crate) async fn stack(&self) -> Value {
        self.emulator.resource(&self.stack_id()).await.unwrap_or_default()
    }

    pub(crate) async fn cluster_id(&self) -> String {
        let stack = self.stack().await;
        let held = stack["properties"]["resources"].as_array().unwrap();
        let mut ids = held.iter().map(|resource| resource["id"].as_str().unwrap());
        let is_cluster = |id: &&str| {
            let name = id.rsplit_once("/managedClusters/").map(|(_, name)| name);
            name.is_some_and(|name| !name.contains('/'))
        };
        ids.find(is_cluster).unwrap().to_owned()
    }

    /// Changes what there is, as somebody else would.
    pub(crate) async fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut body = self.emulator.resource(id).await.unwrap();
        change(&mut body);
        self.emulator.put_resource(id, body).await.unwrap();
    }

    pub(crate) async fn put_group(&self, tags: Value) {
        let body =
            json!({"location": "japaneast", "tags": tags, "properties": {"provisioningState": "Succeeded"}});
        self.emulator.put_resource(&self.group_id(), body).await.unwrap();
    }

    /// What was asked for since the last time.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        let requests = self.emulator.requests();
        self.emulator.clear_requests();
        requests
    }

    /// The writes since the last time: whatever is no GET, and no POST that only reads.
    pub(crate) fn writes(&self) -> Vec<String> {
        let reads = ["/validate", "/exporttemplate", "/token"];
        self.requests()
            .into_iter()
            .filter(|request| request.method != "GET")
            .map(|request| format!("{} {}", request.method, request.path.split('?').next().unwrap()))
            .filter(|line| !reads.iter().any(|read| line.to_lowercase().ends_with(read)))
            .collect()
    }
}

impl Operator {
    pub(crate) async fn plan(&self) -> Result<Plan> {
        self.driver
            .clusters()
            .unwrap()
            .provision(&self.cx, &self.scope, &ProvisionRequest::default(), Mode::Plan)
            .await
    }

    pub(crate) async fn provision(&self) -> Result<Plan> {
        self.provision_within(&self.cx).await
    }

    pub(crate) async fn provision_within(&self, cx: &Context) -> Result<Plan> {
        self.driver
            .clusters()
            .unwrap()
            .provision(cx, &self.scope, &ProvisionRequest::default(), Mode::Apply)
            .await
    }

    pub(crate) async fn force(&self) -> Result<Plan> {
        self.driver
            .clusters()
            .unwrap()
            .provision(
                &self.cx,
                &self.scope,
                &ProvisionRequest {
                    force: true,
                    ..ProvisionRequest::default()
                },
                Mode::Apply,
            )
            .await
    }

    pub(crate) async fn plan_with(&self, request: &ProvisionRequest) -> Result<Plan> {
        self.driver
            .clusters()
            .unwrap()
            .provision(&self.cx, &self.scope, request, Mode::Plan)
            .await
    }

    pub(crate) async fn provision_with(&self, request: &ProvisionRequest) -> Result<Plan> {
        self.driver
            .clusters()
            .unwrap()
            .provision(&self.cx, &self.scope, request, Mode::Apply)
            .await
    }

    pub(crate) async fn wait(&self) -> Result<Option<String>> {
        self.driver.clusters().unwrap().wait(&self.cx, &self.scope).await
    }

    pub(crate) fn deadline(&self, from_now: Duration) -> Context {
        self.cx.clone().with_deadline(Instant::now() + from_now)
    }

    /// The steps that were begun, with how each ended.
    pub(crate) fn steps(&self) -> Vec<(String, Option<kompox_domain::progress::Outcome>)> {
        let mut steps: Vec<(u64, String, Option<_>)> = vec![];
        for event in self.told.events() {
            match event {
                Event::Started { step, what } => steps.push((step, what, None)),
                Event::Ended { step, outcome } => {
                    let begun = steps.iter_mut().find(|(id, ..)| *id == step).unwrap();
                    begun.2 = Some(outcome);
                }
                _ => {}
            }
        }
        steps
            .into_iter()
            .map(|(_, what, outcome)| (what, outcome))
            .collect()
    }
}

/// All of an error that a person sees.
pub(crate) fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    format!("{text} (hint: {})", in_words(error.hints()))
}
