//! `langevin recipes`: list the built-in recipes, or print one.

use crate::args::RecipesArguments;
use crate::exit::Done;
use crate::say::tell;
use langevin::config::{builtin_recipe, builtin_recipes};

/// Runs the command.
pub fn run(arguments: &RecipesArguments) -> Done {
    let Some(name) = &arguments.name else {
        for (name, _) in builtin_recipes() {
            tell!("{name:<16} {}", builtin_recipe(name)?.description);
        }
        tell!("\nlangevin recipes NAME prints one; langevin train --recipe FILE trains with your own.");
        return Ok(());
    };
    // For the error that names those that exist.
    builtin_recipe(name)?;
    for (known, text) in builtin_recipes() {
        if known == name {
            tell!("{}", text.trim_end());
        }
    }
    Ok(())
}
