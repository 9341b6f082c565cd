//! Compiles the crate anew when an asset changes, which the macro that includes them does not see.

fn main() {
    println!("cargo:rerun-if-changed=assets");
}
