//! What the driver says about itself, and how its disks are mounted.

use std::collections::BTreeSet;

use kompox_domain::driver::VolumeOption;
use kompox_domain::model::VolumeKind;
use kompox_domain::volume::{Creation, DiskRecord};
use kompox_domain::{Ability, ErrorKind, Operation, ProviderDriver, VolumeDriver, VolumeOptions};

use super::operations::call;
use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, done, ensure, equal, refused};
use crate::world::{World, named, volumes};

cases! {
    name_and_abilities_are_the_same_on_every_instance: ;
    options_are_named_once_and_the_same_on_every_instance: DiskList;
    volumes_of_kind_disk_have_a_class: DiskList;
    each_disk_is_mounted_by_a_handle_of_its_own: DiskList DiskCreate;
    file_shares_are_unsupported_by_every_operation_where_they_have_no_class: DiskList;
}

async fn name_and_abilities_are_the_same_on_every_instance(suite: &Suite<'_>) -> Verdict {
    let (one, other) = (suite.harness.driver(), suite.harness.driver());
    ensure(!one.name().is_empty(), || "the driver has no name".to_owned())?;
    equal(&one.name(), &other.name(), "name")?;
    let abilities = |driver: &dyn ProviderDriver| -> Vec<Ability> {
        let all = Ability::ALL.into_iter();
        all.filter(|ability| ability.is_of(driver)).collect()
    };
    equal(&abilities(&*one), &abilities(&*other), "abilities")?;
    equal(&abilities(&*one), &abilities(&*one), "abilities, asked again")
}

async fn options_are_named_once_and_the_same_on_every_instance(suite: &Suite<'_>) -> Verdict {
    let (one, other) = (volumes(suite)?, volumes(suite)?);
    equal(&one.options(), &other.options(), "options")?;
    let names: BTreeSet<&str> = one.options().iter().map(|option| option.name).collect();
    equal(&names.len(), &one.options().len(), "options named once")?;
    let said = |option: &VolumeOption| !option.name.is_empty() && !option.takes.is_empty();
    ensure(one.options().iter().all(said), || {
        format!(
            "an option without a name, or that does not say what it takes: {:?}",
            one.options()
        )
    })
}

async fn volumes_of_kind_disk_have_a_class(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for volume in [&world.one, &world.two] {
        let class = done(world.driver.volume_class(&world.app, volume), "volume_class")?;
        let again = done(volumes(suite)?.volume_class(&world.app, volume), "volume_class")?;
        equal(&class, &again, "volume_class on another instance")?;
        equal(&class.reclaim_policy, &"Retain", "reclaim_policy")?;
        let said = !class.csi_driver.is_empty() && !class.access_modes.is_empty();
        ensure(said, || {
            format!("a class without CSI driver or access modes: {class:?}")
        })?;
    }
    Ok(())
}

async fn each_disk_is_mounted_by_a_handle_of_its_own(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    let mut handles = BTreeSet::new();
    for (volume, name) in [(&world.one, "a"), (&world.one, "b"), (&world.two, "a")] {
        let made = world.create(volume, &named(name)?).await?;
        let listed = world.disks(volume).await?;
        let listed = listed.iter().find(|disk| disk.record.name == made.record.name);
        let Some(listed) = listed else {
            return Err(Stop::Failed(format!("disk {name} is not listed")));
        };
        let mount = |driver: &dyn VolumeDriver| {
            let answer = driver.disk_mount(&world.app, volume, &listed.record);
            done(answer, "disk_mount")
        };
        let found = mount(&*world.driver)?;
        equal(
            &found,
            &mount(&*volumes(suite)?)?,
            "disk_mount on another instance",
        )?;
        let labelled = |(key, values): (&String, &Vec<String>)| !key.is_empty() && !values.is_empty();
        ensure(found.node_labels.iter().all(labelled), || {
            format!("no node can have the labels of {found:?}")
        })?;
        ensure(
            !found.handle.is_empty() && handles.insert(found.handle.clone()),
            || format!("handle {:?} does not tell disks apart", found.handle),
        )?;
    }
    Ok(())
}

async fn file_shares_are_unsupported_by_every_operation_where_they_have_no_class(
    suite: &Suite<'_>,
) -> Verdict {
    let world = World::new(suite).await?;
    let mut volumes = world.app.app.volumes.iter();
    let Some(files) = volumes.find(|volume| volume.kind == VolumeKind::Files) else {
        return Err(Stop::Skipped(
            "the harness gave an app without a volume of kind Files".to_owned(),
        ));
    };
    match world.driver.volume_class(&world.app, files) {
        Ok(_) => return Err(Stop::Skipped("the driver has file shares".to_owned())),
        Err(error) => equal(&error.kind(), &ErrorKind::Unsupported, "volume_class")?,
    }
    let share = DiskRecord {
        name: named("share")?,
        volume: files.name.clone(),
        flagged: true,
        assigned_at: None,
        size: Some(files.size),
        sector_size: None,
        zone: None,
        options: VolumeOptions::default(),
        handle: "/share".to_owned(),
        created_at: None,
        updated_at: None,
        state: None,
        provisioning_state: None,
        creation: Creation::Done,
        attached_to: vec![],
    };
    let answer = world.driver.disk_mount(&world.app, files, &share);
    refused(answer, ErrorKind::Unsupported, "disk_mount")?;
    for operation in Operation::of(Ability::Volumes) {
        let answer = call(&world, &world.cx, files, operation).await?;
        refused(answer, ErrorKind::Unsupported, &operation.to_string())?;
    }
    Ok(())
}
