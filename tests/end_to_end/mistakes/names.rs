//! Files with other names, and maps that do not fit them.

use super::Messages;
use crate::models::Small;
use flow_runtime::prelude::*;

#[test]
fn names() {
    let mut said = Messages::default();
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let file = folder.path().join("net.safetensors");
    let map =
        || NameMap::new().strip_prefix("model.").module("net.0", "h").module("net.2", "h2").module("net.4", "out");
    Small::new(0).save_safetensors_mapped(&file, &map()).expect("the folder is writable");
    let load = |map: NameMap| Small::load_safetensors_mapped(&file, &map);
    assert!(load(map()).is_ok());

    said.add("a file with other names without a map", Small::load_safetensors(&file));
    let forgotten = NameMap::new().module("net.0", "h").module("net.2", "h2").module("net.4", "out");
    said.add("a forgotten prefix", load(forgotten));
    let misspelt =
        NameMap::new().strip_prefix("model.").module("nett.0", "h").module("net.2", "h2").module("net.4", "uot");
    said.add("misspelt modules", load(misspelt));
    said.add(
        "a name and a target misspelt",
        load(map().rename("net.4.wieght", "out.weight").rename("net.0.bias", "h.bais")),
    );
    said.add("two for one", load(map().rename("net.2.bias", "h.bias")));
    said.add("two entries for one", load(map().rename("a", "h.bias").rename("b", "h.bias")));
    said.add("one tensor taken and ignored", load(map().rename("net.0.bias", "h.bias").ignore("net.0.bias")));
    said.add("what is needed ignored", load(map().ignore("net.2.bias")));
    said.add("a matrix that is not transposed", load(map().transposed("net.0.weight")));
    said.add("a vector transposed", load(map().transposed("net.0.bias")));
    said.add("an unknown tensor transposed", load(map().transposed("net.1.weight")));
    let write = |map: NameMap| Small::new(0).save_safetensors_mapped(&file, &map);
    said.add("writing what is ignored", write(map().ignore("net.0.bias")));
    said.add("writing two as one", write(NameMap::new().rename("h2.bias", "h.bias")));
    said.add("writing with misspelt targets", write(NameMap::new().module("net.0", "hh").rename("w", "out.wieght")));
    assert!(load(map()).is_ok(), "nothing was written");
    said.check("names", Some(folder.path()));
}
