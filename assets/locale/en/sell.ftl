sell-scan-refused = Scanned { $code }: not added. Finish the payment first (Esc: back to the basket).
sell-scan-refused-locked = Scanned { $code }: not added. Open the till first.
sell-too-small = 80×24 needed: make the window larger. Scans still work.
