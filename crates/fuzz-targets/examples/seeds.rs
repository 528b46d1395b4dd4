//! Writes the initial inputs of each target: `seeds DIRECTORY`. With `SPANFALL_FIXTURES` set, includes documents of other
//! programs.

use std::path::Path;
use std::{env, fs, io};

use fuzz_targets::{TARGETS, fixtures};

fn main() -> io::Result<()> {
    let directory = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::other("usage: seeds DIRECTORY"))?;
    let documents = env::var_os("SPANFALL_FIXTURES").map_or_else(|| Ok(Vec::new()), |found| fixtures(Path::new(&found)))?;
    for target in TARGETS {
        let corpus = Path::new(&directory).join(target.name);
        fs::create_dir_all(&corpus)?;
        let others = documents.iter().map(|document| target.seed_of(document));
        for (number, seed) in target.seeds().into_iter().chain(others).enumerate() {
            fs::write(corpus.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
