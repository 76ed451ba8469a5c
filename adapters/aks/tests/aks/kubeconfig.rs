//! The way into a cluster: which credential, at which address, and that it opens the cluster.

use kompox_domain::hint::in_words;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_azure_emulator::{Emulator, FaultAction, FaultPlan, FaultRule, Options, RequestKind, Respond};
use kompox_domain::driver::{
    Address, Credential, InstallRequest, KubeconfigRequest, ProvisionRequest, TokenCommand,
};
use kompox_domain::{Cluster, Context, Error, ErrorKind, Mode, ProviderDriver, Result};
use kompox_kube::{Access, KubeClient, Kubeconfig, Resolver, Trouble};
use serde_json::{Value, json};

use crate::chains::{depth, slowly};
use crate::support::{app, context, driver_of, factory, settings};

const GROUP: &str = "rg-cluster";

/// Knows private names, or none of them.
#[derive(Debug)]
struct Names {
    private: bool,
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert!(host.contains(".privatelink."), "{host} need not be resolved");
        if self.private {
            return Ok(vec![IpAddr::from([10, 0, 0, 4])]);
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}

struct World {
    emulator: Emulator,
    driver: Arc<dyn ProviderDriver>,
    cx: Context,
    cluster: Cluster,
}

impl World {
    /// A configuration with these settings of the cluster, and nothing in the cloud yet.
    async fn without_cluster(options: Options, more: &[(&str, &str)], names: Names) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let mut app = app("app1", "rg-app");
        let pairs = [("AZURE_RESOURCE_GROUP_NAME", GROUP)];
        app.cluster.settings = settings(pairs.into_iter().chain(more.iter().copied()));
        let factory = factory().with_resolver(Arc::new(names));
        Self {
            driver: driver_of(&factory, &emulator, &app, &[]).unwrap(),
            emulator,
            cx: context().0,
            cluster: app.cluster.clone(),
        }
    }

    async fn new(more: &[(&str, &str)], names: Names) -> Self {
        let world = Self::without_cluster(Options::default(), more, names).await;
        world.provision().await;
        world
    }

    async fn provision(&self) {
        let request = ProvisionRequest::default();
        self.driver
            .clusters()
            .unwrap()
            .provision(&self.cx, &self.cluster, &request, Mode::Apply)
            .await
            .unwrap();
        self.emulator.clear_requests();
    }

    async fn get(&self, credential: Credential, address: Address) -> Result<Access> {
        let request = KubeconfigRequest {
            credential,
            address,
            token_command: TokenCommand {
                command: "/bin/kompoxops".to_owned(),
                args: vec!["cluster".to_owned(), "token".to_owned()],
                env: Vec::new(),
            },
        };
        let yaml = self
            .driver
            .clusters()
            .unwrap()
            .kubeconfig(&self.cx, &self.cluster, &request)
            .await?;
        Kubeconfig::parse(yaml.expose().as_bytes())?.current()
    }

    /// The managed cluster's id.
    async fn id(&self) -> String {
        let subscription = &self.emulator.connection().subscription_id;
        let group = format!("/subscriptions/{subscription}/resourceGroups/{GROUP}");
        let resources = self.emulator.resources(&group).await;
        let cluster = resources
            .iter()
            .find(|one| one["type"] == "Microsoft.ContainerService/managedClusters");
        cluster.unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn set(&self, field: &str, value: Value) {
        let id = self.id().await;
        let mut cluster = self.emulator.resource(&id).await.unwrap();
        cluster["properties"][field] = value;
        self.emulator.put_resource(&id, cluster).await.unwrap();
    }

    fn posts(&self) -> Vec<String> {
        let requests = self.emulator.requests().into_iter();
        let posts = requests.filter(|request| request.method == "POST" && request.kind != RequestKind::Token);
        posts
            .map(|request| {
                let (path, query) = request.path.split_once('?').unwrap();
                let action = path.rsplit('/').next().unwrap();
                let public = query.contains("server-fqdn=public");
                format!("{action}{}", if public { " public" } else { "" })
            })
            .collect()
    }
}

const HERE: Names = Names { private: false };
const INSIDE: Names = Names { private: true };

#[tokio::test]
async fn the_administrator_is_the_default_and_opens_the_cluster() {
    let world = World::new(&[], HERE).await;
    let access = world.get(Credential::Auto, Address::Auto).await.unwrap();
    assert_eq!(world.posts(), ["listClusterAdminCredential"]);
    assert_eq!(access.name(), "kompox-c1-c925e0");
    assert_eq!(access.handle(), Some(world.id().await.to_lowercase().as_str()));
    assert!(!access.has_program());

    let client = KubeClient::new(&access, None).unwrap();
    assert!(client.namespace_exists(&world.cx, "kube-system").await.unwrap());
    assert!(!client.namespace_exists(&world.cx, "traefik").await.unwrap());
}

#[tokio::test]
async fn whoever_is_signed_in_gets_a_program_for_tokens_and_the_token_opens_the_cluster() {
    let world = World::new(&[], HERE).await;
    let access = world.get(Credential::User, Address::Auto).await.unwrap();
    assert_eq!(world.posts(), ["listClusterUserCredential"]);
    assert!(access.has_program());
    let yaml = access.to_kubeconfig().to_yaml();
    for line in [
        "apiVersion: client.authentication.k8s.io/v1\n",
        "command: /bin/kompoxops\n",
        "- token\n",
        "interactiveMode: Never\n",
        "provideClusterInfo: false\n",
    ] {
        assert!(yaml.contains(line), "{yaml}");
    }
    assert!(!yaml.contains("kubelogin"), "{yaml}");

    let token = world
        .driver
        .clusters()
        .unwrap()
        .token(&world.cx, &world.cluster)
        .await
        .unwrap();
    let client = KubeClient::new(&access, Some(&token.token)).unwrap();
    assert!(client.namespace_exists(&world.cx, "kube-system").await.unwrap());
}

#[tokio::test]
async fn without_local_accounts_the_user_is_the_default_and_the_administrator_is_refused_with_the_way_out() {
    let world = World::new(&[("AZURE_AKS_DISABLE_LOCAL_ACCOUNTS", "true")], HERE).await;
    assert!(
        world
            .get(Credential::Auto, Address::Auto)
            .await
            .unwrap()
            .has_program()
    );
    world.emulator.clear_requests();
    let error = world.get(Credential::Admin, Address::Auto).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(
        in_words(error.hints()).contains("with credential user"),
        "{error:?}"
    );
    assert!(world.posts().is_empty());
}

#[tokio::test]
async fn local_accounts_that_go_off_meanwhile_and_a_missing_role_lead_to_the_same_way_out() {
    let world = World::new(&[], HERE).await;
    let message =
        "Getting static credential is not allowed because this cluster is set to disable local accounts.";
    for (answer, kind) in [
        (
            FaultAction::respond(400, "BadRequest", message),
            ErrorKind::Precondition,
        ),
        (
            FaultAction::respond(403, "AuthorizationFailed", "No."),
            ErrorKind::PermissionDenied,
        ),
    ] {
        let rule = FaultRule::new("POST", "**/listClusterAdminCredential", answer);
        world.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let error = world.get(Credential::Auto, Address::Auto).await.err().unwrap();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(
            in_words(error.hints()).contains("with credential user"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_private_cluster_is_reached_by_the_name_that_can_be_resolved_or_by_the_one_asked_for() {
    for (names, address, name, post) in [
        (HERE, Address::Auto, ".hcp.", "listClusterAdminCredential public"),
        (
            INSIDE,
            Address::Auto,
            ".privatelink.",
            "listClusterAdminCredential",
        ),
        (
            INSIDE,
            Address::Public,
            ".hcp.",
            "listClusterAdminCredential public",
        ),
        (
            HERE,
            Address::Private,
            ".privatelink.",
            "listClusterAdminCredential",
        ),
    ] {
        let world = World::new(&[("AZURE_AKS_PRIVATE_CLUSTER", "true")], names).await;
        let access = world.get(Credential::Auto, address).await.unwrap();
        assert_eq!(world.posts(), [post]);
        let yaml = access.to_kubeconfig().to_yaml();
        let server = yaml
            .lines()
            .find(|line| line.contains("tls-server-name"))
            .unwrap();
        assert!(server.contains(name), "{server}");
        let client = KubeClient::new(&access, None).unwrap();
        assert!(client.namespace_exists(&world.cx, "default").await.unwrap());
    }
}

#[tokio::test]
async fn an_address_that_is_not_there_is_refused_before_a_credential_is_asked_for() {
    let public = World::new(&[], HERE).await;
    let private = [
        ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
        ("AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN", "false"),
    ];
    let private = World::new(&private, HERE).await;
    for (world, address) in [(&public, Address::Private), (&private, Address::Public)] {
        let error = world.get(Credential::Auto, address).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(in_words(error.hints()).contains("with address "), "{error:?}");
        assert!(world.posts().is_empty());
    }
}

#[tokio::test]
async fn a_stopped_or_missing_cluster_says_what_to_do() {
    let world = World::new(&[], HERE).await;
    world.set("powerState", json!({"code": "Stopped"})).await;
    let stopped = world.get(Credential::Auto, Address::Auto).await.err().unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Precondition);
    assert!(stopped.to_string().ends_with("is stopped"), "{stopped}");
    assert!(in_words(stopped.hints()).starts_with("start it: az aks start --ids /subscriptions/"));

    let world = World::without_cluster(Options::default(), &[], HERE).await;
    let missing = world.get(Credential::Auto, Address::Auto).await.err().unwrap();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(in_words(missing.hints()).contains("cluster provision"));
}

#[tokio::test]
async fn a_cluster_that_somebody_else_made_is_found_by_its_id() {
    let mut world = World::new(&[], HERE).await;
    let id = world.id().await;
    for (id, found) in [(id.clone(), true), (id.replace("/aks-", "/other-"), false)] {
        let mut app = app("app1", "rg-app");
        app.cluster.existing = true;
        app.cluster.settings = settings([("AZURE_AKS_RESOURCE_ID", id.as_str())]);
        world.driver = driver_of(&factory(), &world.emulator, &app, &[]).unwrap();
        world.cluster = app.cluster.clone();
        let access = world.get(Credential::Auto, Address::Auto).await;
        match access {
            Ok(access) => assert!(found && access.name() == "kompox-c1-c925e0"),
            Err(error) => {
                assert!(!found && error.kind() == ErrorKind::NotFound, "{error:?}");
                assert!(in_words(error.hints()).contains("AZURE_AKS_RESOURCE_ID"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_takes_three_dependent_requests_at_most() {
    let world =
        World::without_cluster(Options::default(), &[("AZURE_AKS_PRIVATE_CLUSTER", "true")], HERE).await;
    world.provision().await;
    let (access, requests) = slowly(&world.emulator, world.get(Credential::Auto, Address::Auto)).await;
    access.unwrap();
    assert!(depth(&requests) <= 3, "{requests:#?}");
}

#[tokio::test]
async fn an_answer_that_is_no_kubeconfig_is_an_error_that_repeats_none_of_it() {
    let world = World::new(&[], HERE).await;
    for body in [
        json!({}),
        json!({"kubeconfigs": []}),
        json!({"kubeconfigs": [{"name": "x", "value": "%hunter2"}]}),
        // «kind: hunter2»
        json!({"kubeconfigs": [{"name": "x", "value": "a2luZDogaHVudGVyMg=="}]}),
    ] {
        let answer = Respond {
            status: 200,
            body: Some(body.to_string()),
            ..Respond::default()
        };
        let rule = FaultRule::new(
            "POST",
            "**/listClusterAdminCredential",
            FaultAction::Respond(answer),
        );
        world.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let error = world.get(Credential::Auto, Address::Auto).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

/// An answer of AKS with this cluster and user beside what makes them whole.
fn answer(cluster: &str, user: &str) -> FaultAction {
    let yaml = format!(
        "{{kind: Config, current-context: a, clusters: [{{name: a, cluster: {{{cluster}}}}}],
          users: [{{name: a, user: {{{user}}}}}], preferences: {{colors: true}}, extensions: [{{name: hunter2}}],
          contexts: [{{name: a, context: {{cluster: a, user: a, namespace: hunter2, extensions: [{{name: hunter2}}]}}}},
                     {{name: hunter2, context: {{cluster: a, user: a}}}}]}}"
    );
    let value = STANDARD.encode(yaml);
    FaultAction::Respond(Respond {
        status: 200,
        body: Some(json!({"kubeconfigs": [{"name": "x", "value": value}]}).to_string()),
        ..Respond::default()
    })
}

#[tokio::test]
async fn an_answer_that_would_run_read_believe_or_impersonate_is_refused_on_every_way() {
    let world = World::new(&[], HERE).await;
    let install = InstallRequest::default();
    for (cluster, user) in [
        ("server: 'http://x'", "token: t"),
        ("server: 'https://hunter2@x'", "token: t"),
        ("server: 'https://x', insecure-skip-tls-verify: true", "token: t"),
        ("server: 'https://x', certificate-authority: /hunter2", "token: t"),
        ("server: 'https://x', proxy-url: 'http://hunter2'", "token: t"),
        ("server: 'https://x', tls-server-name: 'hunter2/'", "token: t"),
        ("server: 'https://x'", "token: t, exec: {command: hunter2}"),
        ("server: 'https://x'", "auth-provider: {name: hunter2}"),
        ("server: 'https://x'", "client-certificate: /hunter2"),
        ("server: 'https://x'", "token: t, client-key: /hunter2"),
        ("server: 'https://x'", "tokenFile: /hunter2"),
        ("server: 'https://x'", "username: u, password: hunter2"),
        ("server: 'https://x'", "token: t, as: hunter2"),
        ("server: 'https://x'", "token: t, as-groups: [hunter2]"),
        ("server: 'https://x'", "token: \"hunter2\\nX: y\""),
    ] {
        let rule = FaultRule::new("POST", "**/listClusterAdminCredential", answer(cluster, user));
        world.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let printed = world.get(Credential::Auto, Address::Auto).await.err().unwrap();
        let installed = world
            .driver
            .ingress()
            .unwrap()
            .install(&world.cx, &world.cluster, &install, Mode::Apply)
            .await
            .err()
            .unwrap();
        for error in [printed, installed] {
            let told = format!("{error:?}");
            assert!(told.contains("gave no kubeconfig"), "{cluster} {user}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

#[tokio::test]
async fn of_an_answer_only_what_is_known_is_taken_over_and_kubelogin_makes_way_for_this_program() {
    let world = World::new(&[], HERE).await;
    let strange =
        "server: 'https://x', hunter2: 1, extensions: [{name: hunter2, extension: {}}], proxy-url: ''";
    for (credential, user, has_program) in [
        (Credential::Admin, "token: t, hunter2: x, as-groups: []", false),
        // The cluster knows Entra ID: a token of its own is nobody's.
        (Credential::User, "token: t, hunter2: x", true),
        (
            Credential::User,
            "exec: {command: hunter2, args: [hunter2], env: [{name: LD_PRELOAD, value: hunter2}], installHint: hunter2}",
            true,
        ),
        (
            Credential::User,
            "auth-provider: {name: azure, config: {cmd-path: hunter2}}",
            true,
        ),
    ] {
        let rule = FaultRule::new("POST", "**/listCluster*Credential", answer(strange, user));
        world.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        let access = world.get(credential, Address::Auto).await.unwrap();
        let yaml = access.to_kubeconfig().to_yaml();
        assert!(!yaml.contains("hunter2") && !yaml.contains("colors"), "{yaml}");
        assert_eq!(access.has_program(), has_program, "{yaml}");
        assert_eq!(yaml.contains("command: /bin/kompoxops\n"), has_program, "{yaml}");
        assert_eq!(yaml.contains("token: t\n"), !has_program, "{yaml}");
    }
}

#[tokio::test]
async fn a_cluster_tells_a_wrong_credential_a_missing_right_and_silence_apart() {
    let world = World::new(&[("AZURE_AKS_DISABLE_LOCAL_ACCOUNTS", "true")], HERE).await;
    let access = world.get(Credential::Auto, Address::Auto).await.unwrap();
    let trouble = async |token: &str| {
        let token = kompox_domain::Secret::new(token.to_owned());
        let client = KubeClient::new(&access, Some(&token)).unwrap();
        client.namespace_exists(&world.cx, "default").await.unwrap_err()
    };
    let unknown = trouble("nonsense").await;
    assert_eq!(unknown.trouble(), Trouble::Unauthorized, "{unknown:?}");
    assert_eq!(Error::from(unknown).kind(), ErrorKind::Unauthenticated);

    let token = world
        .driver
        .clusters()
        .unwrap()
        .token(&world.cx, &world.cluster)
        .await
        .unwrap()
        .token;
    world.emulator.restrict_caller(Some(Vec::new()));
    let forbidden = trouble(token.expose()).await;
    assert_eq!(forbidden.trouble(), Trouble::Forbidden, "{forbidden:?}");
    assert!(forbidden.to_string().contains("forbidden"), "{forbidden}");
    world.emulator.restrict_caller(None);

    let id = world.id().await;
    world.emulator.set_kubernetes_answering(&id, false).await.unwrap();
    let silent = trouble(token.expose()).await;
    assert_eq!(silent.trouble(), Trouble::Unreachable, "{silent:?}");
}
