//! The driver for Azure, where what it finds in the cloud is anything.

use std::sync::Arc;
use std::time::Duration;

use kompox_aks::AksFactory;
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Respond};
use kompox_domain::driver::{DiskCreate, DriverFactory as _};
use kompox_domain::model::{AnyId, App, Cluster, Ingress, Protection, Provider, VolumeKind};
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{
    AppScope, Error, ErrorKind, Mode, ProviderDriver, ProviderScope, Result, Secret, SecretReader, SecretRef,
    Source, Volume, VolumeOptions, naming, tags,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::pieces::body;
use crate::world::{HASTY, World, check_error, check_text, within};

const TIME: Duration = Duration::from_millis(100);

const ZONE: &str = "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com";

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, _: &SecretRef) -> Result<Secret> {
        Err(Error::new(ErrorKind::InvalidInput, "there is none"))
    }
}

fn settings<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Settings {
    let plain = |(key, value): (&str, &str)| (key.to_owned(), SettingValue::Plain(value.to_owned()));
    pairs.into_iter().map(plain).collect()
}

fn app() -> AppScope {
    let AnyId::App(id) = "/ws/w/prv/p/cls/c/app/a".parse().unwrap() else {
        unreachable!()
    };
    let ingress = Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap());
    let volume = Volume {
        name: "db".parse().unwrap(),
        size: "4Gi".parse().unwrap(),
        kind: VolumeKind::Disk,
        options: VolumeOptions::default(),
    };
    AppScope {
        cluster: Cluster {
            id: id.cluster.clone(),
            existing: false,
            protection: Protection::default(),
            ingress,
            settings: settings([
                ("AZURE_RESOURCE_GROUP_NAME", "rg-cluster"),
                ("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", ZONE),
            ]),
        },
        app: App {
            id,
            zone: None,
            volumes: vec![volume],
            settings: settings([("AZURE_RESOURCE_GROUP_NAME", "rg")]),
        },
    }
}

fn driver(world: &World, app: &AppScope) -> Arc<dyn ProviderDriver> {
    let connection = world.emulator.connection().settings();
    let provider = Provider {
        id: app.app.id.cluster.provider.clone(),
        driver: "aks".to_owned(),
        settings: settings(
            connection
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        ),
    };
    let scope = ProviderScope {
        provider,
        clusters: vec![app.cluster.clone()],
        apps: vec![app.app.clone()],
    };
    AksFactory::with_options(HASTY).build(&scope, &NoSecrets).unwrap()
}

/// A disk of ours with one field that is anything.
fn resource(app: &AppScope) -> impl Strategy<Value = String> + use<> {
    let hash = app.id_hash();
    let volume = "db".parse().unwrap();
    let name = naming::item_resource_name(&volume, &hash, &"one");
    let key = naming::volume_key(&volume, &hash);
    let whole = serde_json::json!({
        "id": format!("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/{name}"),
        "name": name, "location": "japaneast", "zones": ["1"], "sku": {"name": "Premium_LRS"},
        "managedBy": "/vm", "managedByExtended": ["/vm2"],
        "tags": {tags::VOLUME: key, tags::APP: app.path(), tags::DISK_ASSIGNED: "true", tags::DISK_ASSIGNED_AT: "x"},
        "properties": {"creationData": {"createOption": "Empty", "sourceResourceId": "/x"}, "diskSizeGB": 4,
            "diskSizeBytes": 4_294_967_296_u64, "timeCreated": "2026-11-21T01:02:03Z", "diskState": "Unattached",
            "provisioningState": "Succeeded", "completionPercent": 50.0, "diskIOPSReadWrite": 1}
    });
    let mut places: Vec<String> = Vec::new();
    for parent in ["", "/properties", "/tags", "/sku", "/properties/creationData"] {
        let fields = whole
            .pointer(parent)
            .and_then(serde_json::Value::as_object)
            .unwrap();
        places.extend(
            fields
                .keys()
                .map(|key| format!("{parent}/{}", key.replace('/', "~1"))),
        );
    }
    (proptest::sample::select(places), body()).prop_map(move |(place, body)| {
        let mut changed = whole.clone();
        *changed.pointer_mut(&place).unwrap() =
            serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body));
        changed.to_string()
    })
}

fn told(body: String) -> FaultAction {
    FaultAction::Respond(Respond {
        status: 200,
        body: Some(body),
        ..Respond::default()
    })
}

#[test]
fn whatever_a_listing_or_source_or_cluster_says_a_call_ends_with_a_result_or_a_fit_error() {
    let world = World::new();
    let app = app();
    let driver = driver(&world, &app);
    let volumes = &app.app.volumes;
    let source = world.path("/elsewhere");
    let mut runner = TestRunner::new(Config::with_cases(100));
    let cases = (resource(&app), body(), body());
    let result = runner.run(&cases, |(one, other, cluster)| {
        let page = serde_json::from_str::<serde_json::Value>(&other).map_or_else(
            |_| format!(r#"{{"value":[{one}]}}"#),
            |other| format!(r#"{{"value":[{one},{other}]}}"#),
        );
        let plan = FaultPlan::new([
            FaultRule::new("GET", "**/disks/elsewhere", told(one)),
            FaultRule::new("GET", "**/Microsoft.Compute/disks", told(page.clone())),
            FaultRule::new("GET", "**/Microsoft.Compute/snapshots", told(page)),
            FaultRule::new(
                "GET",
                "**/managedClusters",
                told(format!(r#"{{"value":[{cluster}]}}"#)),
            ),
        ]);
        world.emulator.set_faults(plan).unwrap();
        let cx = within(TIME);
        let volume = app.app.volume(&"db".parse().unwrap()).unwrap();
        let create = DiskCreate {
            name: "new".parse().unwrap(),
            source: Some(Source::Resource(source.clone())),
            zone: None,
            options: VolumeOptions::default(),
        };
        let errors: Vec<Error> = world.runtime.block_on(async {
            [
                driver
                    .volumes()
                    .unwrap()
                    .disk_list(&cx, &app, volumes)
                    .await
                    .err(),
                driver
                    .volumes()
                    .unwrap()
                    .snapshot_list(&cx, &app, volumes)
                    .await
                    .err(),
                driver
                    .volumes()
                    .unwrap()
                    .disk_create(&cx, &app, volume, &create)
                    .await
                    .err(),
            ]
            .into_iter()
            .flatten()
            .collect()
        });
        errors.iter().for_each(check_error);
        Ok(())
    });
    result.unwrap();
}

/// A record set of ours with one field that is anything.
fn record(app: &AppScope) -> impl Strategy<Value = String> + use<> {
    let whole = serde_json::json!({
        "id": format!("{ZONE}/A/www"), "name": "www", "type": "Microsoft.Network/dnsZones/A", "etag": "1",
        "properties": {"TTL": 60, "ARecords": [{"ipv4Address": "192.0.2.1"}], "fqdn": "www.example.com.",
            "metadata": {tags::MANAGED_BY: "kompox", tags::CLUSTER: app.cluster.path(), tags::APP: app.path()}}
    });
    let places = [
        "/name",
        "/type",
        "/etag",
        "/properties",
        "/properties/TTL",
        "/properties/ARecords",
        "/properties/ARecords/0",
        "/properties/ARecords/0/ipv4Address",
        "/properties/metadata",
        "/properties/metadata/kompox-app",
    ];
    (proptest::sample::select(places.to_vec()), body()).prop_map(move |(place, body)| {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() =
            serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body));
        changed.to_string()
    })
}

#[test]
fn whatever_a_zone_says_nothing_is_written_outside_of_it_and_every_error_is_fit() {
    let world = World::new();
    let app = app();
    let driver = driver(&world, &app);
    let mut runner = TestRunner::new(Config::with_cases(100));
    let cases = (record(&app), body(), proptest::bool::ANY);
    let result = runner.run(&cases, |(one, other, alone)| {
        let page = if alone {
            format!(r#"{{"value":[{one}]}}"#)
        } else {
            serde_json::from_str::<serde_json::Value>(&other)
                .map_or(other, |other| format!(r#"{{"value":[{one},{other}]}}"#))
        };
        let plan = FaultPlan::new([
            FaultRule::new("GET", "**/recordsets", told(page)),
            FaultRule::new("DELETE", "**", told(String::new())),
        ]);
        world.emulator.set_faults(plan).unwrap();
        world.emulator.clear_requests();
        let cx = within(TIME);
        let destroyed = world
            .runtime
            .block_on(async { driver.dns().unwrap().destroy(&cx, &app, Mode::Apply).await });
        match destroyed {
            Err(error) => check_error(&error),
            Ok(report) => report
                .records
                .iter()
                .for_each(|record| check_text(&record.reason, 1_000)),
        }
        for request in world.emulator.requests() {
            let path = request.path.split('?').next().unwrap();
            prop_assert!(
                request.method != "DELETE" || path.starts_with(&format!("{ZONE}/A/")),
                "{}",
                path
            );
        }
        Ok(())
    });
    result.unwrap();
}
