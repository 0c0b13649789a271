//! What the program says in its own words under a policy of before `format = 2`, until its author
//! renews it. It keeps less than such a policy says, and tells more.

use super::{DataClass, Memory, Policy, TicketDetail};

impl Policy {
    /// The policy as it is carried out and told: of the goods the ticket holds what the law asks;
    /// ticket, counters and the choice that keeps no articles are told as the shipped policy does,
    /// and so are the controller, the ends of terms, and whether an answer is needed.
    pub(super) fn in_own_words(mut self) -> Policy {
        let shipped = Policy::shipped();
        self.ticket_detail = TicketDetail::Shop;
        self.controller = shipped.controller.clone();
        for class in [DataClass::Ticket, DataClass::Counters] {
            if let (Some(kept), Some(own)) = (self.classes.get_mut(&class), shipped.classes.get(&class)) {
                kept.texts = own.texts.clone();
            }
        }
        let minimum = &shipped.minimum().texts;
        for choice in self.choices.iter_mut().filter(|choice| choice.memory == Memory::None) {
            for (language, text) in &mut choice.texts {
                let Some(own) = minimum.get(language).cloned() else { continue };
                *text = super::ChoiceText { title: std::mem::take(&mut text.title), ..own };
            }
        }
        for (language, words) in &mut self.words {
            let Some(own) = shipped.words.get(language).cloned() else { continue };
            words.default = own.default;
            words.until_ticket = own.until_ticket;
            words.until_counts = own.until_counts;
            words.until_items = own.until_items;
            words.until_profile = own.until_profile;
            words.until_renewed = own.until_renewed;
            words.until_sooner = own.until_sooner;
            words.controller = own.controller;
            words.answer = own.answer;
        }
        self
    }
}
