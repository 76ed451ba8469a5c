//! What a request names by its id takes a right there too: each is listed, missed, and looked for where it is needed.

use kompox_aks::permissions::{actions, custom_role};
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Grant, Options};
use kompox_domain::cluster::{Check, Verdict};
use kompox_domain::driver::{DeprovisionRequest, DiskCreate};
use kompox_domain::{ErrorKind, Mode, Operation as Op, Source};
use serde_json::json;

use crate::clusters::{Operator, World, whole};
use crate::support;

const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const KEYS_READ: &str = "Microsoft.OperationalInsights/workspaces/sharedkeys/read";
const KEYS_ACTION: &str = "Microsoft.OperationalInsights/workspaces/sharedKeys/action";
const RULE_READ: &str = "Microsoft.Insights/dataCollectionRules/read";
const ASSIGNMENT_WRITE: &str = "Microsoft.Authorization/roleAssignments/write";

fn role_without(without: &[&str]) -> Vec<String> {
    let role = custom_role("s");
    let all = role["Actions"].as_array().unwrap().iter();
    all.map(|action| action.as_str().unwrap().to_owned())
        .filter(|action| !without.contains(&action.as_str()))
        .collect()
}

/// A world with a network, a private zone and an identity in another subscription.
struct Company {
    world: World,
    /// The resource group of what is somebody else's.
    theirs: String,
}

impl Company {
    async fn new() -> Self {
        let world = World::with(Options::default()).await;
        let other = world.emulator.add_subscription("network").await.unwrap();
        let theirs = format!("/subscriptions/{other}/resourceGroups/net");
        let company = Self { world, theirs };
        company.put("", json!({ "location": "japaneast" })).await;
        let network = json!({ "location": "japaneast",
            "properties": { "addressSpace": { "addressPrefixes": ["10.8.0.0/16"] } } });
        let principal = "11111111-2222-4333-8444-555555555555";
        for (id, body) in [
            (company.network(), network),
            (
                company.subnet(),
                json!({ "properties": { "addressPrefix": "10.8.0.0/22" } }),
            ),
            (company.zone(), json!({ "location": "global", "properties": {} })),
            (
                company.identity(),
                json!({ "location": "japaneast", "properties": { "principalId": principal, "clientId": principal } }),
            ),
        ] {
            let rest = id.strip_prefix(&company.theirs).unwrap().to_owned();
            company.put(&rest, body).await;
        }
        company
    }

    async fn put(&self, rest: &str, body: serde_json::Value) {
        let id = format!("{}{rest}", self.theirs);
        self.world.emulator.put_resource(&id, body).await.unwrap();
    }

    fn network(&self) -> String {
        format!("{}/providers/Microsoft.Network/virtualNetworks/v", self.theirs)
    }

    fn subnet(&self) -> String {
        format!("{}/subnets/aks", self.network())
    }

    fn zone(&self) -> String {
        let name = "privatelink.japaneast.azmk8s.io";
        format!(
            "{}/providers/Microsoft.Network/privateDnsZones/{name}",
            self.theirs
        )
    }

    fn identity(&self) -> String {
        let kind = "Microsoft.ManagedIdentity/userAssignedIdentities";
        format!("{}/providers/{kind}/me", self.theirs)
    }

    /// In a subnet of the company, with an identity that is made.
    fn in_subnet(&self) -> Operator {
        self.world
            .operator(&[("AZURE_AKS_VNET_SUBNET_ID", &self.subnet())])
    }

    /// In a subnet of the company, with an identity of the company.
    fn with_identity(&self) -> Operator {
        self.world.operator(&[
            ("AZURE_AKS_VNET_SUBNET_ID", &self.subnet()),
            ("AZURE_AKS_IDENTITY_RESOURCE_ID", &self.identity()),
        ])
    }

    /// With a zone of the company besides.
    fn private(&self) -> Operator {
        self.world.operator(&[
            ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
            ("AZURE_AKS_PRIVATE_DNS_ZONE", &self.zone()),
            ("AZURE_AKS_VNET_SUBNET_ID", &self.subnet()),
        ])
    }

    /// The custom role in the own subscription, and these roles beside it.
    fn allow(&self, own: &[&str], elsewhere: &[(String, Vec<String>)]) {
        let beside = elsewhere
            .iter()
            .map(|(scope, actions)| Grant::at(scope.clone(), actions.clone()));
        let own = Grant::at(self.world.subscription(), role_without(own));
        self.world
            .emulator
            .grant_caller(std::iter::once(own).chain(beside).collect());
    }
}

async fn deprovision(operator: &Operator) {
    let Operator {
        driver, scope, cx, ..
    } = operator;
    let request = DeprovisionRequest::default();
    driver
        .clusters()
        .unwrap()
        .deprovision(cx, scope, &request, Mode::Apply)
        .await
        .unwrap();
}

async fn permissions(operator: &Operator) -> Vec<Check> {
    let Operator {
        driver, scope, cx, ..
    } = operator;
    let checks = driver.clusters().unwrap().check(cx, scope).await.unwrap();
    checks
        .into_iter()
        .filter(|check| check.kind == "permissions")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_with_everything_of_the_company_is_made_and_taken_away_with_exactly_the_custom_role() {
    let company = Company::new().await;
    let operator = company.private();
    company.world.emulator.restrict_caller(Some(role_without(&[])));
    assert_eq!(permissions(&operator).await[0].verdict, Verdict::Pass);
    operator.plan().await.unwrap();
    operator.provision().await.unwrap();
    deprovision(&operator).await;
    let operator = company.with_identity();
    assert_eq!(permissions(&operator).await[0].verdict, Verdict::Pass);
    operator.provision().await.unwrap();
    deprovision(&operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_template_links_to_in_the_group_takes_its_action_there() {
    let company = Company::new().await;
    let operator = company.in_subnet();
    let beside = [(company.theirs.clone(), role_without(&[]))];
    for (action, named) in [
        // Written by what sends logs to the workspace, before there is a cluster.
        (KEYS_ACTION, "/workspaces/log-"),
        (ASSIGN, "/userAssignedIdentities/id-cluster-"),
        (KEYS_READ, "/workspaces/log-"),
        (RULE_READ, "/dataCollectionRules/dcr-"),
    ] {
        assert!(
            actions(Op::ClusterProvision, Mode::Apply).contains(&action),
            "{action}"
        );
        company.allow(&[action], &beside);
        let error = operator.provision().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::PermissionDenied, Some("LinkedAuthorizationFailed")),
            "{action}: {error:?}"
        );
        let told = whole(&error);
        let scope = company.world.group_id();
        assert!(told.contains(action), "{action}: {told}");
        assert!(told.contains(&scope) && told.contains(named), "{action}: {told}");
        assert!(told.contains("ask for a role that holds the action"), "{told}");
        let found = permissions(&operator).await;
        assert!(
            found
                .iter()
                .any(|check| check.verdict == Verdict::Fail && check.message.contains(action)),
            "{found:?}"
        );
    }
    company.allow(&[], &beside);
    operator.provision().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_another_subscription_takes_its_action_there_and_the_check_looks_there() {
    let company = Company::new().await;
    for (operator, action, scope, is_linked) in [
        (company.in_subnet(), JOIN, company.subnet(), true),
        (company.with_identity(), JOIN, company.subnet(), true),
        (company.with_identity(), ASSIGN, company.identity(), true),
        (company.private(), ASSIGNMENT_WRITE, company.network(), false),
        (company.private(), ASSIGNMENT_WRITE, company.zone(), false),
        (
            company.in_subnet(),
            "Microsoft.Resources/deployments/write",
            company.theirs.clone(),
            false,
        ),
    ] {
        // All of it in the own subscription helps nothing there.
        company.allow(&[], &[(company.theirs.clone(), role_without(&[action]))]);
        let found = permissions(&operator).await;
        let named = found.iter().any(|check| {
            check.verdict == Verdict::Fail && check.message.contains(&scope) && check.message.contains(action)
        });
        assert!(named, "{action} at {scope}: {found:?}");
        let error = operator.provision().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{action}: {error:?}");
        let told = whole(&error);
        assert!(told.contains(action) && told.contains(&company.theirs), "{told}");
        assert_eq!(
            error.code() == Some("LinkedAuthorizationFailed"),
            is_linked,
            "{error:?}"
        );
        if is_linked {
            assert!(told.contains(&scope), "{told}");
        }

        company.allow(&[], &[(company.theirs.clone(), role_without(&[]))]);
        assert_eq!(permissions(&operator).await[0].verdict, Verdict::Pass);
        operator.provision().await.unwrap();
        deprovision(&operator).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_on_the_subnet_alone_is_no_role_on_its_network() {
    let company = Company::new().await;
    let own = || role_without(&[]);
    let allow = |scopes: &[String]| {
        let beside: Vec<_> = scopes.iter().map(|scope| (scope.clone(), own())).collect();
        company.allow(&[], &beside);
    };
    // The identity gets its role on the whole network, since the zone is linked to that.
    allow(&[company.subnet(), company.zone()]);
    let found = permissions(&company.private()).await;
    let told: Vec<&str> = found
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .map(|check| check.message.as_str())
        .collect();
    assert!(
        told.iter().any(|message| message
            .starts_with(&format!("the virtual network {} needs", company.network()))
            && message.contains(ASSIGNMENT_WRITE)),
        "{told:?}"
    );
    assert!(
        !told.iter().any(|message| message.contains("the subnet")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_and_registries_of_others_are_asked_what_may_be_given_there() {
    let company = Company::new().await;
    let registry = format!(
        "{}/providers/Microsoft.ContainerRegistry/registries/shared",
        company.theirs
    );
    let body = json!({ "location": "japaneast", "sku": { "name": "Standard" }, "properties": {} });
    let rest = registry.strip_prefix(&company.theirs).unwrap();
    company.put(rest, body).await;
    let operator = company.world.operator(&[
        ("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", &company.zone()),
        ("AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS", &registry),
    ]);
    company.allow(&[], &[(company.theirs.clone(), vec!["*/read".to_owned()])]);
    let found = permissions(&operator).await;
    for scope in [company.zone(), registry] {
        // Provisioning does without.
        let named = found.iter().any(|check| {
            check.verdict == Verdict::Warn
                && check.message.contains(&scope)
                && check.message.ends_with(ASSIGNMENT_WRITE)
        });
        assert!(named, "{scope}: {found:?}");
    }
    company.allow(&[], &[(company.theirs.clone(), role_without(&[]))]);
    assert_eq!(permissions(&operator).await[0].verdict, Verdict::Pass);
}

/// The form for subscriptions stands in no specification: where Azure does not serve it, the others still tell.
#[tokio::test(flavor = "multi_thread")]
async fn where_azure_does_not_tell_what_may_be_done_in_the_subscription_group_and_scopes_still_tell() {
    let company = Company::new().await;
    let operator = company.in_subnet();
    company.world.put_group(json!({})).await;
    for (status, code) in [(404, "InvalidResourceType"), (400, "NoRegisteredProviderFound")] {
        let rule = FaultRule::new(
            "GET",
            "/subscriptions/*/providers/Microsoft.Authorization/permissions",
            FaultAction::respond(status, code, "The resource type could not be found."),
        );
        company.world.emulator.set_faults(FaultPlan::new([rule])).unwrap();
        company.allow(&[], &[(company.theirs.clone(), role_without(&[]))]);
        let found = permissions(&operator).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].verdict, Verdict::Unknown, "{found:?}");
        company.allow(&[KEYS_READ], &[(company.theirs.clone(), role_without(&[JOIN]))]);
        let found = permissions(&operator).await;
        for action in [KEYS_READ, JOIN] {
            let named = |check: &&Check| check.verdict == Verdict::Fail && check.message.contains(action);
            assert_eq!(found.iter().filter(named).count(), 1, "{action}: {found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_disk_or_snapshot_is_copied_from_takes_its_action_there() {
    let world = support::World::new().await;
    world.create("db", "one").await.unwrap();
    world.snapshot("db", "snap").await.unwrap();
    let restrict = |without: &[&str]| world.emulator.restrict_caller(Some(role_without(without)));
    let [disk, snapshot] = [
        Source::Disk("one".parse().unwrap()),
        Source::Snapshot("snap".parse().unwrap()),
    ];
    let copied = |source: &Source| DiskCreate {
        source: Some(source.clone()),
        ..support::new_disk("copied")
    };
    let [of_disk, of_snapshot] =
        ["disks", "snapshots"].map(|kind| format!("Microsoft.Compute/{kind}/beginGetAccess/action"));
    for (action, source, operation) in [
        (&of_disk, &disk, Op::DiskCreate),
        (&of_snapshot, &snapshot, Op::DiskCreate),
        (&of_disk, &disk, Op::SnapshotCreate),
        (&of_snapshot, &snapshot, Op::SnapshotRestore),
    ] {
        assert!(
            actions(operation, Mode::Apply).contains(&action.as_str()),
            "{action}"
        );
        let run = async || match operation {
            Op::DiskCreate => world.create_with("db", copied(source)).await.map(drop),
            Op::SnapshotCreate => world.snapshot("db", "second").await.map(drop),
            _ => world.restore("db", "snap", "restored").await.map(drop),
        };
        restrict(&[action]);
        let error = run().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::PermissionDenied, Some("LinkedAuthorizationFailed")),
            "{error:?}"
        );
        let told = whole(&error);
        assert!(told.contains(action.as_str()), "{told}");
        let scope = world.group_id(support::GROUP);
        assert!(told.contains(&scope), "{told}");
        restrict(&[]);
        run().await.unwrap();
        if operation == Op::DiskCreate {
            world.delete("db", "copied", false).await.unwrap();
        }
    }
}
