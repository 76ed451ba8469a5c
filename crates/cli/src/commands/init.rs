//! `init`: the beginning of a configuration.

use std::path::Path;

use kompox_config::Sources;
use kompox_domain::ErrorKind;

use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::session::Environment;
use crate::ui::Ui;

const AFTER_HELP: &str = "\
Makes config.yml, kom/, logs/ and .gitignore in .kompox. Write KOM documents to .kompox/kom/*.yml next, and see
with `kompoxops check` what is wrong with them. `kompoxops quickstart` makes a complete example.";

/// `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Overwrite what is there
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let environment = Environment::default();
    let sources = Sources {
        kompox_root: global.kompox_root.clone(),
        kompox_dir: global.kompox_dir.clone(),
        ..Sources::default()
    };
    let variable = |name: &str| environment.read(name);
    let root = sources
        .named_root(&variable)
        .map(|(_, root)| root)
        .unwrap_or_default();
    let directory = sources.named_dir(&variable);
    environment.into_result()?;
    let kompox = root.join(".kompox");
    if let Some((by, directory)) = directory
        && !same(&directory, &kompox)
    {
        let by = match global.kompox_dir {
            Some(_) => by.to_owned(),
            None => format!("{by}, which is set"),
        };
        return Err(Failure::new(
            ErrorKind::InvalidInput,
            "init makes .kompox in a root directory, and nowhere else",
            format!("give --kompox-root, or -C, in place of {by}"),
        ));
    }
    let made = kompox_config::init(&root, args.force)?;
    for path in made {
        ui.say(&format!("made {}", path.display()));
    }
    ui.say(&format!(
        "next: write KOM documents to {}, then run `kompoxops check`",
        kompox.join("kom/*.yml").display()
    ));
    Ok(())
}

/// Whether two paths say the same, wherever they start from.
fn same(one: &Path, other: &Path) -> bool {
    match (std::path::absolute(one), std::path::absolute(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
