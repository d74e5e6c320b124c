fn main() {
    for crd in latchkey::api::crds() {
        println!("---\n{}", serde_yaml::to_string(&crd).unwrap());
    }
}
