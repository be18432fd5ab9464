use super::reference;
use crate::dynamic::fixture::everything;

#[test]
fn every_link_leads_to_an_item_and_every_item_is_linked() {
    let text = reference(&everything());
    let links = text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap_or(""));
    let mut linked = 0;
    for target in links {
        linked += 1;
        assert_eq!(text.matches(&format!("<a id=\"{target}\"></a>")).count(), 1, "{target}");
    }
    let items = text.matches("<a id=").count();
    assert!(linked >= items && items == 23, "{linked} links, {items} items");
}

#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    let text = reference(&everything());
    let mut cells = 0;
    for line in text.lines() {
        let found = line.replace("\\|", "").matches('|').count();
        if !line.starts_with("| ") || line.contains("   ") {
            cells = 0;
        } else if cells == 0 {
            cells = found;
        } else {
            assert_eq!(found, cells, "{line}");
        }
    }
}

#[test]
fn an_example_explains_each_byte() {
    let text = reference(&everything());
    let wanted = "\
000000  0a 01 27 00 00 00          App.Kept, id 0x010a, 39 bytes
000006  a1 00 00 00 00 00 00 00      id: a1000000-0000-0000-0000-000000000001
00000e  00 00 00 00 00 00 00 01
000016  04 00 11 00 00 00            ip: tail record 4, 17 bytes
00001c  06 20 01 0d b8 00 00 00      ip: 2001:db8::3
000024  00 00 00 00 00 00 00 00
00002c  03
```";
    assert!(text.contains(wanted), "{text}");
}
