//! Forty-six conversations, and what each is worth, worked out by hand.
//!
//! Times are UTC of 2026. The dealer is open from 8:00 to 18:00 in Berlin, Monday to Friday, but not on Wednesday
//! 7 January: from 7:00 to 17:00 UTC, and after the clocks change on Sunday 29 March from 6:00 to 16:00 UTC.

/// One conversation: what it shows; whether it is of the campaign; the lead's source; what is done when (`@`: the
/// mail's own time, where it comes later); and the waits expected: since when, wall and business minutes or what came
/// of it, and whose it is.
pub struct Row(
    pub &'static str,
    pub bool,
    pub Option<&'static str>,
    pub &'static str,
    pub &'static str,
);

#[rustfmt::skip]
pub const SET: [Row; 46] = [
    Row("an answer", true, Some("fair"), "01-05 09:00 in; 01-05 09:30 ai", "01-05 09:00 30 30"),
    Row("two mails, one answer", true, Some("fair"), "01-05 09:00 in; 01-05 09:20 in; 01-05 10:00 ai", "01-05 09:00 60 60"),
    Row("two answers", true, Some("fair"), "01-05 10:00 in; 01-05 10:10 ai; 01-05 10:40 ai", "01-05 10:00 10 10"),
    Row("we begin", true, Some("fair"), "01-05 08:00 ai; 01-05 08:45 in; 01-05 09:00 ai", "01-05 08:45 15 15"),
    Row("we begin, no reply", true, Some("fair"), "01-05 08:00 ai", ""),
    Row("no answer yet", true, None, "01-05 12:00 in", "01-05 12:00 waiting"),
    Row("before opening", true, None, "01-06 05:00 in; 01-06 07:30 ai", "01-06 05:00 150 30"),
    Row("over night", true, None, "01-05 16:50 in; 01-06 07:05 ai", "01-05 16:50 855 15"),
    Row("over a weekend", true, None, "01-09 16:00 in; 01-12 08:00 ai", "01-09 16:00 3840 120"),
    Row("within a weekend", true, None, "01-10 10:00 in; 01-11 10:00 ai", "01-10 10:00 1440 0"),
    Row("over a holiday", false, Some("web"), "01-06 16:30 in; 01-08 07:30 ai", "01-06 16:30 2340 60"),
    Row("over the change of clocks", false, Some("web"), "03-27 16:30 in; 03-30 06:30 ai", "03-27 16:30 3720 60"),
    Row("opens an hour earlier in summer", false, None, "03-30 05:30 in; 03-30 06:15 ai", "03-30 05:30 45 15"),
    Row("while the clocks change", false, None, "03-29 00:30 in; 03-29 03:30 ai", "03-29 00:30 180 0"),
    Row("an out-of-office begins none", false, None, "01-05 09:00 ooo; 01-05 10:00 ai", ""),
    Row("an out-of-office ends none", false, None, "01-05 09:00 in; 01-05 09:05 ooo; 01-05 09:40 ai", "01-05 09:00 40 40"),
    Row("a note ends none", false, None, "01-05 09:00 in; 01-05 09:10 note; 01-05 09:50 ai", "01-05 09:00 50 50"),
    Row("two waits", false, None, "01-05 08:00 ai; 01-05 08:30 in; 01-05 08:40 ai; 01-05 09:00 in; 01-05 09:25 ai", "01-05 08:30 10 10; 01-05 09:00 25 25"),
    Row("reopened", false, None, "01-05 09:00 in; 01-05 11:00 close; 01-06 09:00 in; 01-06 09:20 ai", "01-05 09:00 dropped; 01-06 09:00 20 20"),
    Row("reopened, no answer yet", false, None, "01-05 08:00 ai; 01-05 09:00 in; 01-05 09:10 ai; 01-05 12:00 close; 01-08 08:00 in", "01-05 09:00 10 10; 01-08 08:00 waiting"),
    Row("closed without an answer", false, None, "01-05 13:00 in; 01-05 14:00 close", "01-05 13:00 dropped"),
    Row("answered after closing", false, None, "01-05 13:00 in; 01-05 14:00 close; 01-05 15:00 ai", "01-05 13:00 120 120"),
    Row("reopened twice", false, None, "01-05 09:00 in; 01-05 10:00 close; 01-06 09:00 in; 01-06 10:00 close; 01-08 09:00 in; 01-08 10:00 ai", "01-05 09:00 dropped; 01-06 09:00 dropped; 01-08 09:00 60 60"),
    Row("the owner answers", false, None, "01-05 07:30 ai; 01-05 08:00 take ann; 01-05 09:00 in; 01-05 09:12 ann", "01-05 09:00 12 12 ann"),
    Row("another owner answers", false, None, "01-05 07:30 ai; 01-05 08:00 take ann; 01-05 09:00 in; 01-05 09:30 take bob; 01-05 10:00 bob", "01-05 09:00 60 60 bob"),
    Row("another owner has it now", false, None, "01-05 07:30 ai; 01-05 08:00 take ann; 01-05 09:00 in; 01-05 10:00 take bob", "01-05 09:00 waiting bob"),
    Row("one who does not own it answers", false, None, "01-05 07:30 ai; 01-05 08:00 take ann; 01-05 09:00 in; 01-05 09:30 bob", "01-05 09:00 30 30 bob"),
    Row("given back", false, None, "03-16 07:30 ai; 03-16 08:00 take ann; 03-16 09:00 in; 03-16 09:10 release ann; 03-16 09:20 ai", "03-16 09:00 20 20"),
    Row("the owner closes it", false, None, "01-05 07:30 ai; 01-05 08:00 take ann; 01-05 09:00 in; 01-05 12:00 close", "01-05 09:00 dropped ann"),
    Row("the answer comes first", false, None, "01-06 10:00 ai @01-05 10:00; 01-06 10:05 in @01-05 09:30", "01-05 09:30 30 30"),
    Row("an earlier mail comes last", false, None, "01-05 10:00 in; 01-05 10:30 ai; 01-05 11:00 in @01-05 09:45", "01-05 09:45 45 45"),
    Row("an answer between comes last", false, None, "01-05 10:00 in; 01-05 11:00 in; 01-05 12:00 ai @01-05 10:20", "01-05 10:00 20 20; 01-05 11:00 waiting"),
    Row("over a night in the week", false, None, "01-08 16:00 in; 01-09 08:00 ai", "01-08 16:00 960 120"),
    Row("a whole week", false, None, "01-05 09:00 in; 01-12 09:00 ai", "01-05 09:00 10080 2400"),
    Row("less than a minute", false, None, "01-05 09:00:30 in; 01-05 09:01:29 ai", "01-05 09:00:30 0 0"),
    Row("two whole minutes", false, None, "01-05 09:00:30 in; 01-05 09:02:30 ai", "01-05 09:00:30 2 2"),
    Row("opened by a person and by a machine", false, None, "01-05 08:00 ai; 01-05 08:01 delivered; 01-05 08:30 open; 01-05 08:40 bot-open; 01-05 08:50 click", ""),
    Row("opened twice at once", false, None, "01-05 08:00 ai; 01-05 08:01 delivered; 01-05 09:00 open; 01-05 09:00:02 open; 01-05 10:00 bot-click", ""),
    Row("a dead address", false, None, "01-05 08:00 ai; 01-05 08:01 hard", ""),
    Row("a complaint", false, None, "01-05 08:00 ai; 01-05 09:00 in; 01-05 09:30 ai; 01-05 10:00 complain", "01-05 09:00 30 30"),
    Row("unsubscribed", false, None, "01-05 08:00 ai; 01-05 09:00 unsubscribe", ""),
    Row("delivered at the second try", false, None, "01-05 08:00 ai; 01-05 08:01 soft; 01-05 08:20 delivered", ""),
    Row("offered, accepted, answered", false, None, "01-12 08:00 ai; 01-12 09:00 call; 01-12 09:20 accept ann; 01-12 09:50 ann", "01-12 09:00 50 50 ann"),
    Row("accepted the next day, called", false, None, "01-12 08:00 ai; 01-12 16:30 call; 01-13 07:30 accept ann; 01-13 08:00 touch ann", "01-12 16:30 waiting ann"),
    Row("declined", false, None, "01-13 13:00 ai; 01-13 14:00 call; 01-13 14:10 decline ann; 01-13 15:00 close", "01-13 14:00 dropped"),
    Row("accepted, not in touch", false, None, "01-12 08:00 ai; 01-12 11:00 call; 01-12 11:05 accept ann", "01-12 11:00 waiting ann"),
];
