//! `init`: the beginning of a configuration.

use kompox_domain::ErrorKind;

use crate::args::GlobalArgs;
use crate::failure::Failure;
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
    let root = global.kompox_root.clone().unwrap_or_default();
    if let Some(directory) = &global.kompox_dir
        && *directory != root.join(".kompox")
    {
        return Err(Failure::new(
            ErrorKind::InvalidInput,
            "init makes .kompox in a root directory, and nowhere else",
            "give --kompox-root, or -C, in place of --kompox-dir",
        ));
    }
    let made = kompox_config::init(&root, args.force)?;
    for path in made {
        ui.say(&format!("made {}", path.display()));
    }
    ui.say("next: write KOM documents to .kompox/kom/*.yml, then run `kompoxops check`");
    Ok(())
}
