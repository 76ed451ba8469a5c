//! What the driver declares is what it does.

use kompox_domain::model::VolumeKind;
use kompox_domain::{ErrorKind, Operation};

use super::operations::call;
use crate::case::{Suite, cases};
use crate::check::{Stop, Verdict, done, ensure, equal, refused};
use crate::world::World;

cases! {
    name_and_capabilities_are_the_same_on_every_instance: ;
    undeclared_operations_answer_unsupported: ;
    volumes_of_kind_disk_have_a_class: DiskList;
    file_shares_are_unsupported_by_every_operation_where_they_have_no_class: DiskList;
}

async fn name_and_capabilities_are_the_same_on_every_instance(suite: &Suite<'_>) -> Verdict {
    let (one, other) = (suite.harness.driver(), suite.harness.driver());
    ensure(!one.name().is_empty(), || "the driver has no name".to_owned())?;
    equal(&one.name(), &other.name(), "name")?;
    equal(&one.capabilities(), &other.capabilities(), "capabilities")?;
    equal(
        &one.capabilities(),
        &one.capabilities(),
        "capabilities, asked again",
    )?;
    let mut operations = one.capabilities().operations;
    operations.sort_unstable();
    operations.dedup();
    equal(
        &operations.len(),
        &one.capabilities().operations.len(),
        "operations declared once",
    )
}

async fn undeclared_operations_answer_unsupported(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for operation in Operation::ALL {
        if !suite.capabilities.supports(*operation) {
            let answer = call(&world, &world.cx, &world.one, *operation).await?;
            refused(answer, ErrorKind::Unsupported, operation.as_str())?;
        }
    }
    Ok(())
}

async fn volumes_of_kind_disk_have_a_class(suite: &Suite<'_>) -> Verdict {
    let world = World::new(suite).await?;
    for volume in [&world.one, &world.two] {
        let class = done(world.driver.volume_class(&world.app, volume), "volume_class")?;
        let again = done(
            suite.harness.driver().volume_class(&world.app, volume),
            "volume_class",
        )?;
        equal(&class, &again, "volume_class on another instance")?;
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
    for operation in Operation::ON_VOLUMES {
        if suite.capabilities.supports(*operation) {
            let answer = call(&world, &world.cx, files, *operation).await?;
            refused(answer, ErrorKind::Unsupported, operation.as_str())?;
        }
    }
    Ok(())
}
