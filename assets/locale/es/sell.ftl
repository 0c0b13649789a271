sell-scan-refused = Leído { $code }: no se ha añadido. Termine antes el cobro (Esc: volver a la cesta).
sell-scan-refused-locked = Leído { $code }: no se ha añadido. Abra antes la caja.
sell-too-small = Hacen falta 80×24: agrande la ventana. Los códigos se siguen leyendo.
