//! Volumes in the app's cluster: what mounts them, and which disks must stay because of that.

use kompox_domain::hint::in_words;
use std::time::Duration;

use kompox_azure_emulator::{FaultAction, FaultRule, LoggedRequest, RequestKind};
use kompox_domain::cluster::Plan;
use kompox_domain::driver::DiskCreate;
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::Deletion;
use kompox_domain::{
    AppScope, ErrorKind, Mode, Result, SecretRef, SettingValue, VolumeDisk, VolumeMount, VolumeOptions,
};
use serde_json::{Value, json};

use crate::chains::{depth, slowly};
use crate::clusters::{Operator, World, whole};
use crate::support::{app, driver};

const NAMESPACE: &str = "prod";

/// An app with a provisioned cluster.
struct Shop {
    world: World,
    operator: Operator,
    app: AppScope,
    cluster: String,
}

impl Shop {
    async fn new() -> Self {
        let world = World::new().await;
        let operator = world.operator(&[]);
        operator.provision().await.unwrap();
        let mut app = app("app1", "rg-app");
        app.cluster = operator.scope.clone();
        let cluster = world.cluster_id().await;
        Self {
            world,
            operator,
            app,
            cluster,
        }
    }

    async fn disk(&self, volume: &str, name: &str) -> VolumeDisk {
        let request = DiskCreate {
            name: name.parse().unwrap(),
            source: None,
            zone: Some("1".to_owned()),
            options: VolumeOptions::default(),
        };
        let volume = self.app.app.volume(&volume.parse().unwrap()).unwrap();
        let Operator { driver, cx, .. } = &self.operator;
        driver
            .volumes()
            .unwrap()
            .disk_create(cx, &self.app, volume, &request)
            .await
            .unwrap()
    }

    fn mount_in(&self, disk: &VolumeDisk, namespace: &str) -> VolumeMount {
        let driver = &self.operator.driver;
        let volume = self.app.app.volume(&disk.record.volume).unwrap();
        VolumeMount::new(
            &self.app,
            &disk.record,
            namespace.parse().unwrap(),
            driver.volumes().unwrap().volume_class(&self.app, volume).unwrap(),
            driver
                .volumes()
                .unwrap()
                .disk_mount(&self.app, volume, &disk.record)
                .unwrap(),
        )
        .unwrap()
    }

    fn mount(&self, disk: &VolumeDisk) -> VolumeMount {
        self.mount_in(disk, NAMESPACE)
    }

    async fn apply(&self, mounts: &[VolumeMount]) -> Result<Plan> {
        let Operator { driver, cx, .. } = &self.operator;
        driver.mounts().unwrap().apply(cx, &self.app, mounts).await
    }

    async fn delete(&self, disk: &VolumeDisk, force: bool) -> Result<Deletion> {
        let Operator { driver, cx, .. } = &self.operator;
        let volume = self.app.app.volume(&disk.record.volume).unwrap();
        driver
            .volumes()
            .unwrap()
            .disk_delete(cx, &self.app, volume, &disk.record.name, force)
            .await
    }

    async fn object(&self, resource: &str, name: &str) -> Option<Value> {
        let namespace = (resource == "persistentvolumeclaims").then_some(NAMESPACE);
        let emulator = &self.world.emulator;
        let found = emulator.kubernetes_object(&self.cluster, resource, namespace, name);
        found.await.unwrap()
    }

    async fn put(&self, object: Value) {
        let emulator = &self.world.emulator;
        emulator
            .put_kubernetes_object(&self.cluster, object)
            .await
            .unwrap();
    }

    async fn edit(&self, resource: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.object(resource, name).await.unwrap();
        change(&mut object);
        self.put(object).await;
    }

    async fn remove(&self, resource: &str, name: &str) {
        let namespace = (resource == "persistentvolumeclaims").then_some(NAMESPACE);
        let emulator = &self.world.emulator;
        let removed = emulator.remove_kubernetes_object(&self.cluster, resource, namespace, name);
        assert!(removed.await.unwrap());
    }

    /// What was asked of Kubernetes since the last time, without what comes before `/api`.
    fn asked(&self) -> Vec<String> {
        let requests = self.world.requests();
        let of_cluster = requests.iter().filter_map(|request| {
            let (_, path) = request.path.split_once("/api/v1/")?;
            Some(format!(
                "{} {}",
                request.method,
                path.split('?').next().unwrap_or_default()
            ))
        });
        let mut asked: Vec<String> = of_cluster.collect();
        asked.sort();
        asked
    }
}

/// `create PersistentVolume kompox-…`: what was done, one line each.
fn told(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .map(|change| format!("{} {}", change.action, change.resource))
        .collect()
}

fn phase(object: Option<Value>) -> Option<String> {
    object?["status"]["phase"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_namespace_a_volume_and_a_claim_are_made_and_the_second_time_nothing_is_written() {
    let shop = Shop::new().await;
    let mount = shop.mount(&shop.disk("db", "one").await);
    let name = mount.name.clone();
    let mounts = [mount];
    let plan = shop.apply(&mounts).await.unwrap();
    assert_eq!(
        told(&plan),
        [
            format!("create Namespace {NAMESPACE}"),
            format!("create PersistentVolume {name}"),
            format!("create PersistentVolumeClaim {NAMESPACE}/{name}"),
        ]
    );
    let space = shop.object("namespaces", NAMESPACE).await.unwrap();
    assert_eq!(
        space["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "kompoxops"
    );
    for resource in ["persistentvolumes", "persistentvolumeclaims"] {
        let object = shop.object(resource, &name).await;
        let managers = object.as_ref().unwrap()["metadata"]["managedFields"].clone();
        assert_eq!(managers[0]["manager"], "kompoxops", "{managers}");
        assert_eq!(managers[0]["operation"], "Apply", "{managers}");
        assert_eq!(phase(object).as_deref(), Some("Bound"), "{resource}");
    }
    shop.world.requests();
    let again = shop.apply(&mounts).await.unwrap();
    assert_eq!(told(&again), Vec::<String>::new());
    assert_eq!(
        shop.asked(),
        [
            format!("GET namespaces/{NAMESPACE}"),
            format!("GET namespaces/{NAMESPACE}/persistentvolumeclaims/{name}"),
            "GET persistentvolumes".to_owned(),
            format!("GET persistentvolumes/{name}"),
        ],
        "one read for each object, and one for what else mounts the volumes"
    );
}

#[tokio::test]
async fn what_was_changed_or_made_by_kubectl_becomes_as_it_should_be_and_a_claim_keeps_its_size() {
    let shop = Shop::new().await;
    let disk = shop.disk("db", "one").await;
    let mut mount = shop.mount(&disk);
    let name = mount.name.clone();
    shop.apply(std::slice::from_ref(&mount)).await.unwrap();
    shop.edit("persistentvolumes", &name, |volume| {
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
        volume["metadata"]["managedFields"] = json!([]);
        // Somebody else's, and none of our business.
        volume["metadata"]["labels"]["team"] = "blue".into();
    })
    .await;
    let plan = shop.apply(std::slice::from_ref(&mount)).await.unwrap();
    assert_eq!(told(&plan), [format!("update PersistentVolume {name}")]);
    let volume = shop.object("persistentvolumes", &name).await.unwrap();
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    assert_eq!(volume["metadata"]["labels"]["team"], "blue");

    // The disk was enlarged with another tool. A claim without a class cannot ask for more.
    mount.size = "64Gi".parse().unwrap();
    let plan = shop.apply(std::slice::from_ref(&mount)).await.unwrap();
    assert_eq!(told(&plan), [format!("update PersistentVolume {name}")]);
    let volume = shop.object("persistentvolumes", &name).await.unwrap();
    let claim = shop.object("persistentvolumeclaims", &name).await.unwrap();
    assert_eq!(volume["spec"]["capacity"]["storage"], "64Gi");
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "4Gi");
    assert!(shop.apply(&[mount]).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn sizes_as_an_api_server_writes_them_are_no_difference() {
    let shop = Shop::new().await;
    let mounts = [shop.mount(&shop.disk("db", "one").await)];
    let name = &mounts[0].name;
    shop.apply(&mounts).await.unwrap();
    shop.edit("persistentvolumes", name, |volume| {
        volume["spec"]["capacity"]["storage"] = "4294967296".into();
    })
    .await;
    assert!(shop.apply(&mounts).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn another_disk_gets_a_pair_of_its_own_and_the_old_one_stays_and_is_told() {
    let shop = Shop::new().await;
    let one = shop.mount(&shop.disk("db", "one").await);
    let two = shop.mount(&shop.disk("db", "two").await);
    let data = shop.mount(&shop.disk("data", "one").await);
    shop.apply(&[one.clone(), data.clone()]).await.unwrap();
    let plan = shop.apply(std::slice::from_ref(&two)).await.unwrap();
    assert_eq!(
        told(&plan),
        [
            format!("create PersistentVolume {}", two.name),
            format!("create PersistentVolumeClaim {NAMESPACE}/{}", two.name),
            format!("keep PersistentVolume {}", one.name),
        ],
        "that of another volume is not spoken of"
    );
    assert_eq!(
        plan.changes[2].reason,
        format!(
            "mounts disk one, which is not the assigned one; to remove it: kubectl delete pvc -n {NAMESPACE} {name} \
             && kubectl delete pv {name}",
            name = one.name
        )
    );
    for resource in ["persistentvolumes", "persistentvolumeclaims"] {
        assert_eq!(
            phase(shop.object(resource, &one.name).await).as_deref(),
            Some("Bound")
        );
    }
    shop.remove("persistentvolumeclaims", &one.name).await;
    let plan = shop.apply(&[two]).await.unwrap();
    assert!(plan.is_empty());
    let reason = &plan.changes[0].reason;
    assert!(
        reason.ends_with(&format!("to remove it: kubectl delete pv {}", one.name)),
        "{reason}"
    );
}

#[tokio::test]
async fn a_volume_whose_claim_has_gone_is_given_to_the_new_claim_in_any_namespace() {
    let shop = Shop::new().await;
    let disk = shop.disk("db", "one").await;
    let mount = shop.mount(&disk);
    let name = mount.name.clone();
    shop.apply(std::slice::from_ref(&mount)).await.unwrap();
    for _ in 0..2 {
        shop.remove("persistentvolumeclaims", &name).await;
        let volume = shop.object("persistentvolumes", &name).await;
        assert_eq!(phase(volume).as_deref(), Some("Released"));
        let plan = shop.apply(std::slice::from_ref(&mount)).await.unwrap();
        assert_eq!(
            told(&plan),
            [
                format!("update PersistentVolume {name}"),
                format!("create PersistentVolumeClaim {NAMESPACE}/{name}"),
            ]
        );
        let claim = shop.object("persistentvolumeclaims", &name).await;
        assert_eq!(phase(claim).as_deref(), Some("Bound"));
    }
    let elsewhere = shop.mount_in(&disk, "stage");
    let error = shop.apply(std::slice::from_ref(&elsewhere)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert_eq!(
        whole(&error),
        format!(
            "PersistentVolume {name} is used by another claim: {NAMESPACE}/{name} (hint: delete that claim \
             first, the disk stays; or keep to its namespace with namespace {NAMESPACE})"
        )
    );
    assert!(
        shop.object("namespaces", "stage").await.is_none(),
        "not even begun"
    );
    shop.remove("persistentvolumeclaims", &name).await;
    shop.apply(&[elsewhere]).await.unwrap();
    let volume = shop.object("persistentvolumes", &name).await.unwrap();
    assert_eq!(volume["spec"]["claimRef"]["namespace"], "stage");
    assert_eq!(phase(Some(volume)).as_deref(), Some("Bound"));
}

#[tokio::test]
async fn what_is_somebody_elses_used_otherwise_or_on_its_way_out_is_refused_before_any_write() {
    let shop = Shop::new().await;
    let mount = shop.mount(&shop.disk("db", "one").await);
    let other = shop.mount(&shop.disk("data", "one").await);
    let mounts = [mount.clone(), other];
    let name = mount.name.clone();
    shop.apply(std::slice::from_ref(&mount)).await.unwrap();
    type Edit = fn(&mut Value);
    let cases: [(&str, Edit, &str); 6] = [
        (
            "persistentvolumes",
            |object| object["metadata"]["labels"] = json!({}),
            "is somebody else's: it does not carry our labels",
        ),
        (
            "persistentvolumeclaims",
            |object| object["metadata"]["annotations"] = json!({}),
            "is somebody else's: it does not carry our labels",
        ),
        (
            "persistentvolumeclaims",
            |object| object["spec"]["volumeName"] = "another".into(),
            "is bound to another volume: another",
        ),
        (
            "persistentvolumeclaims",
            |object| object["status"]["phase"] = "Lost".into(),
            "has lost its volume",
        ),
        (
            "persistentvolumes",
            |object| object["spec"]["csi"]["volumeHandle"] = "/disks/other".into(),
            "is for another disk: /disks/other",
        ),
        (
            "persistentvolumes",
            |object| object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into(),
            "is being deleted",
        ),
    ];
    for (resource, edit, why) in cases {
        let before = shop.object(resource, &name).await.unwrap();
        let mut changed = before.clone();
        edit(&mut changed);
        shop.put(changed).await;
        shop.world.requests();
        let error = shop.apply(&mounts).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
        assert!(error.to_string().ends_with(why), "{error}");
        assert!(!error.hints().is_empty());
        assert!(
            shop.asked().iter().all(|line| line.starts_with("GET ")),
            "{resource}: {why}"
        );
        shop.put(before).await;
    }
    let plan = shop.apply(&mounts).await.unwrap();
    assert_eq!(plan.changes.len(), 2, "only the other volume's pair was missing");
    shop.edit("namespaces", NAMESPACE, |space| {
        space["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        space["metadata"]["finalizers"] = json!(["example.com/wait"]);
    })
    .await;
    let error = shop.apply(&mounts).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("Namespace {NAMESPACE} is being deleted")),
        "{error}"
    );
}

#[tokio::test]
async fn two_at_once_both_succeed_and_an_interrupted_run_is_gone_on_with() {
    let shop = Shop::new().await;
    let mounts = [
        shop.mount(&shop.disk("db", "one").await),
        shop.mount(&shop.disk("data", "one").await),
    ];
    let (left, right) = futures::join!(shop.apply(&mounts), shop.apply(&mounts));
    left.unwrap();
    right.unwrap();
    assert!(shop.apply(&mounts).await.unwrap().changes.is_empty());
    for mount in &mounts {
        shop.remove("persistentvolumeclaims", &mount.name).await;
    }
    // Each of them finds volumes to be released, and one is too late.
    let (left, right) = futures::join!(shop.apply(&mounts), shop.apply(&mounts));
    left.unwrap();
    right.unwrap();
    for mount in &mounts {
        let claim = shop.object("persistentvolumeclaims", &mount.name).await;
        assert_eq!(phase(claim).as_deref(), Some("Bound"));
    }
}

#[tokio::test]
async fn without_a_cluster_or_with_one_that_is_stopped_nothing_can_be_applied() {
    let shop = Shop::new().await;
    let mount = shop.mount(&shop.disk("db", "one").await);
    shop.world
        .edit(&shop.cluster, |cluster| {
            cluster["properties"]["powerState"]["code"] = "Stopped".into();
        })
        .await;
    let error = shop.apply(std::slice::from_ref(&mount)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(in_words(error.hints()).contains("az aks start"));
    shop.world.emulator.remove_resource(&shop.cluster).await.unwrap();
    let error = shop.apply(std::slice::from_ref(&mount)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(in_words(error.hints()).contains("cluster provision"));
    let before = shop.world.emulator.requests().len();
    assert!(shop.apply(&[]).await.unwrap().changes.is_empty());
    assert_eq!(
        shop.world.emulator.requests().len(),
        before,
        "no mounts: nobody is asked"
    );
}

#[tokio::test]
async fn a_disk_that_its_cluster_still_names_is_not_deleted_even_by_force() {
    let shop = Shop::new().await;
    let kept = shop.disk("db", "one").await;
    let disk = shop.disk("db", "two").await;
    let mount = shop.mount(&disk);
    let name = mount.name.clone();
    shop.apply(&[mount]).await.unwrap();
    // The id is compared as Azure does: without case.
    shop.edit("persistentvolumes", &name, |volume| {
        let handle = volume["spec"]["csi"]["volumeHandle"].as_str().unwrap();
        volume["spec"]["csi"]["volumeHandle"] = handle.to_uppercase().into();
    })
    .await;
    let scope = shop.app.cluster.clone();
    let context = kompox_domain::naming::kubeconfig_name(&scope.id.cluster, &scope.hash());
    for force in [false, true] {
        let error = shop.delete(&disk, force).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert_eq!(
            whole(&error),
            format!(
                "cluster c1 still has a volume for disk two: PersistentVolume {name} (of claim {NAMESPACE}/{name}) \
                 (hint: delete it there first, once nothing uses it: kubectl --context {context} delete pvc \
                 -n {NAMESPACE} {name} --ignore-not-found && kubectl --context {context} delete pv {name}; \
                 force does not lift this)"
            )
        );
    }
    shop.remove("persistentvolumeclaims", &name).await;
    shop.delete(&disk, false).await.unwrap_err();
    shop.remove("persistentvolumes", &name).await;
    shop.delete(&disk, false).await.unwrap();
    // Anybody's volume counts, and one from before there were CSI drivers too.
    for source in [
        json!({"csi": {"driver": "disk.csi.azure.com", "volumeHandle": kept.record.handle}}),
        json!({"azureDisk": {"diskName": "d", "diskURI": kept.record.handle}}),
    ] {
        let mut volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "by-hand"},
            "spec": {"capacity": {"storage": "4Gi"}, "accessModes": ["ReadWriteOnce"]}});
        volume["spec"]
            .as_object_mut()
            .unwrap()
            .extend(source.as_object().unwrap().clone());
        shop.put(volume).await;
        let error = shop.delete(&kept, true).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cluster c1 still has a volume for disk one: PersistentVolume by-hand"
        );
    }
    shop.remove("persistentvolumes", "by-hand").await;
    shop.delete(&kept, true).await.unwrap();
    assert!(shop.operator.told.warnings().is_empty());
}

#[tokio::test]
async fn a_cluster_that_cannot_be_asked_keeps_no_disk_from_being_deleted_and_a_warning_says_so() {
    let shop = Shop::new().await;
    let unchecked = |shop: &Shop| {
        let warnings = shop.operator.told.warnings();
        let (kind, message) = warnings.last().unwrap();
        assert_eq!(*kind, WarningKind::Unchecked);
        assert!(
            message.starts_with("it was not checked whether cluster c1 still has a volume for disk"),
            "{message}"
        );
        (warnings.len(), message.clone())
    };
    // Denied by Azure.
    let disk = shop.disk("db", "denied").await;
    shop.world.fault(FaultRule::new(
        "POST",
        "**/listCluster*Credential",
        FaultAction::respond(403, "AuthorizationFailed", "not allowed"),
    ));
    shop.delete(&disk, true).await.unwrap();
    shop.world.mend();
    assert_eq!(unchecked(&shop).0, 1);
    // Silent.
    let disk = shop.disk("db", "silent").await;
    let emulator = &shop.world.emulator;
    emulator
        .set_kubernetes_answering(&shop.cluster, false)
        .await
        .unwrap();
    let hurried = shop.operator.deadline(Duration::from_secs(4));
    let volume = shop.app.app.volume(&disk.record.volume).unwrap();
    let driver = &shop.operator.driver;
    driver
        .volumes()
        .unwrap()
        .disk_delete(&hurried, &shop.app, volume, &disk.record.name, true)
        .await
        .unwrap();
    assert_eq!(unchecked(&shop).0, 2);
    emulator
        .set_kubernetes_answering(&shop.cluster, true)
        .await
        .unwrap();
    // Stopped.
    let disk = shop.disk("db", "stopped").await;
    shop.world
        .edit(&shop.cluster, |cluster| {
            cluster["properties"]["powerState"]["code"] = "Stopped".into();
        })
        .await;
    shop.delete(&disk, true).await.unwrap();
    let (count, message) = unchecked(&shop);
    assert_eq!(count, 3);
    assert!(message.ends_with("is stopped"), "{message}");
    // What needs no cluster to be told does not wait for one.
    shop.delete(&disk, true).await.unwrap();
    assert_eq!(shop.operator.told.warnings().len(), 3);
    // And where there is no cluster, nobody is missed.
    let disk = shop.disk("db", "alone").await;
    emulator.remove_resource(&shop.cluster).await.unwrap();
    shop.delete(&disk, true).await.unwrap();
    assert_eq!(shop.operator.told.warnings().len(), 3);
}

/// A cluster of which nothing can be known, and how that comes.
struct Unknowable {
    why: &'static str,
    existing: bool,
    settings: Vec<(&'static str, SettingValue)>,
    fault: Option<FaultRule>,
    edit: Option<fn(&mut Value)>,
}

impl Unknowable {
    fn new(why: &'static str, settings: Vec<(&'static str, SettingValue)>) -> Self {
        Self {
            why,
            existing: settings
                .iter()
                .all(|(key, _)| *key != "AZURE_RESOURCE_GROUP_NAME"),
            settings,
            fault: None,
            edit: None,
        }
    }

    fn all(cluster: &str) -> Vec<Self> {
        let plain = |text: &str| SettingValue::Plain(text.to_owned());
        let id = |value: SettingValue| vec![("AZURE_AKS_RESOURCE_ID", value)];
        let own = || vec![("AZURE_RESOURCE_GROUP_NAME", plain("rg-cluster"))];
        let gone = |path: &str| {
            let code = "SubscriptionNotFound";
            let answer = FaultAction::respond(404, code, "The subscription could not be found.");
            Some(FaultRule::new("GET", path, answer))
        };
        let reference = SettingValue::Reference(SecretRef::Env("CLUSTER_ID".to_owned()));
        let two = own().into_iter().chain(id(plain(cluster))).collect();
        vec![
            Self::new("must be written out", id(reference)),
            Self::new(
                "is not the id of a managed cluster",
                id(plain("/subscriptions/s")),
            ),
            Self::new("setting AZURE_AKS_RESOURCE_ID is missing", vec![]),
            Self {
                existing: false,
                ..Self::new("has no resource group", vec![])
            },
            Self::new("has no effect on a cluster that is provisioned", two),
            Self {
                fault: gone("**/managedClusters/*"),
                ..Self::new("subscription could not be found", id(plain(cluster)))
            },
            Self {
                fault: gone("**/managedClusters"),
                ..Self::new("subscription could not be found", own())
            },
            Self {
                edit: Some(|cluster| cluster["sku"] = json!(7)),
                ..Self::new("cannot be understood", own())
            },
        ]
    }
}

#[tokio::test]
async fn a_cluster_of_which_nothing_can_be_known_is_never_taken_for_none() {
    let mut shop = Shop::new().await;
    let cluster = shop.app.cluster.clone();
    let as_it_was = shop.world.emulator.resource(&shop.cluster).await.unwrap();
    shop.disk("db", "one").await;
    for (number, case) in Unknowable::all(&shop.cluster).into_iter().enumerate() {
        let name = format!("two{number}");
        let disk = shop.disk("db", &name).await;
        shop.apply(&[shop.mount(&disk)]).await.unwrap();
        let pairs = case.settings.into_iter();
        shop.app.cluster.settings = pairs.map(|(key, value)| (key.to_owned(), value)).collect();
        shop.app.cluster.existing = case.existing;
        shop.operator.driver = driver(&shop.world.emulator, &shop.app, &[]).unwrap();
        shop.operator.told.forget();
        if let Some(fault) = case.fault {
            shop.world.fault(fault);
        }
        if let Some(edit) = case.edit {
            shop.world.edit(&shop.cluster, edit).await;
        }
        shop.delete(&disk, false).await.unwrap();
        let warnings = shop.operator.told.warnings();
        let [(kind, message)] = warnings.as_slice() else {
            panic!("case {number}: {warnings:?}")
        };
        assert_eq!(*kind, WarningKind::Unchecked, "case {number}");
        assert!(message.contains(case.why), "case {number}: {message}");
        // Neither is it left out without a word whether the cluster may attach a new disk.
        shop.operator.told.forget();
        shop.disk("db", &format!("new{number}")).await;
        let warnings = shop.operator.told.warnings();
        assert!(
            matches!(warnings.as_slice(), [(WarningKind::Unchecked, message)] if message.contains(case.why)),
            "case {number}: {warnings:?}"
        );
        let error = shop.apply(&[shop.mount(&disk)]).await.unwrap_err();
        assert!(
            !error.to_string().contains("not there yet"),
            "case {number}: {error}"
        );

        shop.world.mend();
        let emulator = &shop.world.emulator;
        emulator
            .put_resource(&shop.cluster, as_it_was.clone())
            .await
            .unwrap();
        shop.app.cluster = cluster.clone();
        shop.operator.driver = driver(emulator, &shop.app, &[]).unwrap();
        for resource in ["persistentvolumeclaims", "persistentvolumes"] {
            shop.remove(resource, &shop.mount(&disk).name).await;
        }
    }
}

#[tokio::test]
async fn a_cluster_that_lost_its_tags_is_still_the_apps_and_one_of_somebody_else_is_not() {
    let shop = Shop::new().await;
    let disk = shop.disk("db", "one").await;
    shop.apply(&[shop.mount(&disk)]).await.unwrap();
    shop.world
        .edit(&shop.cluster, |cluster| {
            cluster["tags"] = json!({"owner": "them"});
        })
        .await;
    let error = shop.delete(&disk, true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
    // Neither by its tags nor in a stack of ours.
    shop.world
        .emulator
        .remove_resource(&shop.world.stack_id())
        .await
        .unwrap();
    shop.delete(&disk, true).await.unwrap();
    assert!(shop.operator.told.warnings().is_empty());
}

/// Requests of a deletion, without polls, tokens and metadata.
fn counted(requests: &[LoggedRequest]) -> usize {
    let of_azure = |request: &&LoggedRequest| matches!(request.kind, RequestKind::Read | RequestKind::Write);
    requests.iter().filter(of_azure).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_the_cluster_costs_a_deletion_three_requests_and_nothing_that_was_waited_for_twice() {
    let shop = Shop::new().await;
    let disk = shop.disk("db", "one").await;
    let (deleted, requests) = slowly(&shop.world.emulator, shop.delete(&disk, true)).await;
    deleted.unwrap();
    // The cluster, a way into it, its volumes; beside them the disks; then the deletion.
    assert_eq!((counted(&requests), depth(&requests)), (5, 4), "{requests:#?}");

    let (missing, requests) = slowly(&shop.world.emulator, shop.delete(&disk, true)).await;
    missing.unwrap();
    assert_eq!(
        depth(&requests),
        1,
        "a missing disk waits for no cluster: {requests:#?}"
    );

    shop.world.emulator.remove_resource(&shop.cluster).await.unwrap();
    let disk = shop.disk("db", "two").await;
    let (deleted, requests) = slowly(&shop.world.emulator, shop.delete(&disk, true)).await;
    deleted.unwrap();
    assert_eq!((counted(&requests), depth(&requests)), (3, 2), "{requests:#?}");
}

#[tokio::test]
async fn applying_and_deleting_work_with_exactly_the_permissions_that_are_listed_for_them() {
    use kompox_aks::permissions::actions;
    use kompox_domain::Operation as Op;
    let shop = Shop::new().await;
    let disk = shop.disk("db", "one").await;
    let allow = |operation, without: &[&str]| {
        let left = actions(operation, Mode::Apply)
            .iter()
            .filter(|action| !without.contains(action));
        let left = left.map(|action| (*action).to_owned()).collect();
        shop.world.emulator.restrict_caller(Some(left));
    };
    let mounts = [shop.mount(&disk)];
    allow(Op::VolumeApply, &[]);
    shop.apply(&mounts).await.unwrap();
    allow(
        Op::VolumeApply,
        &["Microsoft.ContainerService/managedClusters/read"],
    );
    assert_eq!(
        shop.apply(&mounts).await.unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    allow(Op::DiskDelete, &[]);
    shop.delete(&disk, true).await.unwrap_err();
    assert!(shop.operator.told.warnings().is_empty());
    shop.remove("persistentvolumes", &mounts[0].name).await;
    allow(
        Op::DiskDelete,
        &["Microsoft.ContainerService/managedClusters/read"],
    );
    shop.delete(&disk, true).await.unwrap();
    assert_eq!(
        shop.operator.told.warnings().len(),
        1,
        "without the right to see the cluster"
    );
}
