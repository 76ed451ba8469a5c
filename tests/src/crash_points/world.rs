//! A world: an app in a resource group of its own, of which an embedded Azure has many.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use kompox_domain::{AppScope, Result, Volume, naming};
use serde_json::Value;

use super::cloud::{Cloud, Operator, parse, settings};
use super::contents::Contents;
use super::ground::Ground;
use super::moments::Moments;

/// An app in a resource group of its own, which need not exist.
#[derive(Debug)]
pub struct World<'c> {
    /// Where it is.
    pub cloud: &'c Cloud,
    /// The app, with the volumes `data` and `db`.
    pub app: AppScope,
    group: String,
}

impl Cloud {
    /// A new world with nothing in it.
    pub fn world(&self) -> World<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let group = format!("rg-world-{number:06}");
        let mut app = self.app.clone();
        app.app.settings = settings([("AZURE_RESOURCE_GROUP_NAME", group.as_str())]);
        World {
            cloud: self,
            app,
            group,
        }
    }
}

impl World<'_> {
    /// A volume of the app.
    #[must_use]
    pub fn volume(&self, name: &str) -> &Volume {
        self.app
            .app
            .volume(&parse(name))
            .expect("every world has this volume")
    }

    /// The id of the resource group.
    #[must_use]
    pub fn group_id(&self) -> String {
        let subscription = &self.cloud.emulator.connection().subscription_id;
        format!("/subscriptions/{subscription}/resourceGroups/{}", self.group)
    }

    /// The id of a disk or snapshot (`kind`) of the resource group.
    #[must_use]
    pub fn compute_id(&self, kind: &str, resource: &str) -> String {
        format!(
            "{}/providers/Microsoft.Compute/{kind}/{resource}",
            self.group_id()
        )
    }

    /// The id of a disk or snapshot (`kind`) of a volume.
    #[must_use]
    pub fn id(&self, kind: &str, volume: &str, item: &str) -> String {
        let name = naming::item_resource_name(&parse(volume), &self.app.id_hash(), &item);
        self.compute_id(kind, &name)
    }

    /// Everything in the resource group, as it is now.
    pub async fn contents(&self) -> Contents {
        let resources = self.cloud.emulator.resources(&self.group_id()).await;
        Contents::read(&resources, self.app.id_hash().as_str())
    }

    /// Stores a resource, asking nobody.
    pub async fn put(&self, id: &str, resource: Value) {
        let stored = self.cloud.emulator.put_resource(id, resource).await;
        stored.expect("a resource in memory can be stored");
    }

    /// Changes a resource, asking nobody.
    pub async fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let found = self.cloud.emulator.resource(id).await;
        let mut resource = found.expect("what is changed is there");
        change(&mut resource);
        self.put(id, resource).await;
    }

    /// Looks at every state from now on, until another world is watched or this one is removed.
    pub async fn watch(&self, may_leave_none: bool) -> Moments {
        let moments = Moments::new(self.app.id_hash().as_str(), may_leave_none);
        let resources = self.cloud.emulator.resources(&self.group_id()).await;
        moments.look(&resources);
        let watcher = moments.clone();
        self.cloud
            .emulator
            .watch(&self.group_id(), move |resources| watcher.look(resources))
            .expect("the group's id is one");
        moments
    }

    /// Lists the disks with a driver, and demands that the assigned ones are those of the last moment.
    ///
    /// # Errors
    /// What is not so.
    pub async fn read(&self, reader: &Operator, moments: &Moments) -> std::result::Result<(), String> {
        let listed = reader
            .driver
            .volumes()
            .expect("the driver has volumes")
            .disk_list(&reader.cx, &self.app, &self.app.app.volumes)
            .await;
        let disks = listed.map_err(|error| format!("a reader cannot list the disks: {error:?}"))?;
        moments.compare(&disks)
    }
}

#[async_trait(?Send)]
impl<'c> Ground<'c> for World<'c> {
    type Watch = Moments;

    fn new(cloud: &'c Cloud) -> Self {
        cloud.world()
    }

    async fn copy(&self) -> Self {
        let copy = self.cloud.world();
        let emulator = &self.cloud.emulator;
        let mut all: Vec<Value> = emulator.resource(&self.group_id()).await.into_iter().collect();
        all.extend(emulator.resources(&self.group_id()).await);
        for resource in all {
            let text = resource.to_string().replace(&self.group, &copy.group);
            let resource: Value =
                serde_json::from_str(&text).expect("a name for a name leaves JSON as it is");
            let id = resource["id"].as_str().unwrap_or_default().to_owned();
            copy.put(&id, resource).await;
        }
        copy
    }

    async fn sign_in(&self, operator: &Operator) -> Result<()> {
        let Operator { driver, cx } = operator;
        let listed = driver
            .volumes()
            .expect("the driver has volumes")
            .disk_list(cx, &self.app, &self.app.app.volumes)
            .await;
        listed.map(drop)
    }

    /// A group only prepares what is asked for.
    async fn held(&self) -> String {
        let contents = self.contents().await;
        let disks = contents.disks.values().map(|disk| disk.raw.to_string());
        let all: Vec<String> = disks
            .chain(contents.snapshots.values().map(Value::to_string))
            .collect();
        all.join("\n")
    }

    async fn remove(self) {
        self.cloud.emulator.unwatch();
        let removed = self.cloud.emulator.remove_resource(&self.group_id()).await;
        removed.expect("a group can be removed");
    }
}
