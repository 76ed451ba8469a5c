//! `version`: needs no configuration, no network and no runtime.

use serde::Serialize;

use crate::args::OutputArgs;
use crate::failure::Failure;
use crate::ui::{Shown, Table, Ui};

/// `version`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print it.
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionView {
    version: &'static str,
    features: Vec<&'static str>,
    os: &'static str,
    arch: &'static str,
}

pub(crate) fn run(_: &Args, ui: &Ui) -> Result<(), Failure> {
    let view = VersionView {
        version: env!("CARGO_PKG_VERSION"),
        features: features(),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    };
    let mut table = Table::new(&["VERSION", "FEATURES", "OS", "ARCH"]);
    table.row(vec![
        view.version.to_owned(),
        view.features.join(","),
        view.os.to_owned(),
        view.arch.to_owned(),
    ]);
    let shown = Shown {
        table,
        more: Vec::new(),
        names: vec![view.version.to_owned()],
        empty: String::new(),
    };
    ui.value(&view, &shown)
}

fn features() -> Vec<&'static str> {
    let all = [
        ("emulator", cfg!(feature = "emulator")),
        ("client_certificate", cfg!(feature = "client_certificate")),
    ];
    all.iter()
        .filter(|(_, built)| *built)
        .map(|(name, _)| *name)
        .collect()
}
