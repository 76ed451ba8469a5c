//! A world with a resource group, a client that is in a hurry, and what to do with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_arm::{ArmClient, ArmError, ArmOptions, ArmRequest, ArmResponse, AuthMethod, Cloud, FinalState};
use kompox_azure_emulator::{Emulator, FaultPlan, FaultRule, LoggedRequest, Options, RequestKind};
use kompox_domain::ids::SystemUlids;
use kompox_domain::progress::Silent;
use kompox_domain::{Context, Secret};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) arm: ArmClient,
    pub(crate) cx: Context,
    pub(crate) group: String,
}

pub(crate) fn context() -> Context {
    Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()))
}

pub(crate) fn hasty() -> ArmOptions {
    ArmOptions {
        backoff: Duration::from_millis(1),
        poll: Duration::from_millis(1),
        concurrency: 16,
    }
}

pub(crate) fn client(emulator: &Emulator) -> ArmClient {
    let connection = emulator.connection();
    let secret = Secret::new(connection.client_secret.clone());
    let (tenant_id, client_id) = (connection.tenant_id.clone(), connection.client_id.clone());
    client_as(
        emulator,
        AuthMethod::ClientSecret {
            tenant_id,
            client_id,
            secret,
        },
    )
}

pub(crate) fn client_as(emulator: &Emulator, method: AuthMethod) -> ArmClient {
    let connection = emulator.connection();
    let cloud = Cloud::custom(
        &connection.arm_endpoint,
        &connection.authority_host,
        Some(connection.ca_file.clone()),
    )
    .unwrap();
    ArmClient::new(cloud, method, hasty()).unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let arm = client(&emulator);
        let group = format!(
            "/subscriptions/{}/resourceGroups/rg",
            emulator.connection().subscription_id
        );
        let world = Self {
            emulator,
            arm,
            cx: context(),
            group,
        };
        let put = ArmRequest::put(
            world.arm.url(&world.group, "2025-04-01").unwrap(),
            &json!({"location": "japaneast"}),
        );
        world.arm.send(&world.cx, &put.unwrap()).await.unwrap();
        world.emulator.clear_requests();
        world
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        self.emulator.set_faults(FaultPlan::new([rule])).unwrap();
    }

    pub(crate) fn disk_id(&self, name: &str) -> String {
        format!("{}/providers/Microsoft.Compute/disks/{name}", self.group)
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        self.arm.url(path, "2025-01-02").unwrap()
    }

    pub(crate) fn put_disk(&self, name: &str) -> ArmRequest {
        let body = json!({"location": "japaneast", "sku": {"name": "Premium_LRS"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}});
        ArmRequest::put(self.url(&self.disk_id(name)), &body).unwrap()
    }

    pub(crate) async fn run(&self, request: &ArmRequest) -> Result<Option<ArmResponse>, ArmError> {
        self.run_in(&self.cx, request).await
    }

    pub(crate) async fn run_in(
        &self,
        cx: &Context,
        request: &ArmRequest,
    ) -> Result<Option<ArmResponse>, ArmError> {
        let step = cx.begin("test");
        let result = self.arm.run(cx, request, FinalState::Resource, &step).await;
        step.end(result)
    }

    pub(crate) fn deadline(&self, from_now: Duration) -> Context {
        context().with_deadline(Instant::now() + from_now)
    }

    pub(crate) fn logged(&self, kind: RequestKind) -> Vec<LoggedRequest> {
        self.emulator
            .requests()
            .into_iter()
            .filter(|request| request.kind == kind)
            .collect()
    }
}

pub(crate) fn state(response: &ArmResponse) -> String {
    let body: Value = response.json().unwrap();
    body["properties"]["provisioningState"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
