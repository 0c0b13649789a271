receipt-kept-heading = LO QUE GUARDAMOS
receipt-paper-heading = SOLO EN ESTE PAPEL
receipt-also-kept-heading = TAMBIÉN GUARDADO
receipt-kept-for = Para: { $purpose }
receipt-kept-until = Hasta: { $until }
receipt-kept-until-renewed = Hasta: { $until }, más si recordamos otra compra
receipt-kept-profile = En su perfil, que se encuentra con su { $kind ->
    [phone] teléfono
    [email] correo
   *[card] tarjeta de cliente
}
receipt-until-customer = que usted diga que lo olvidemos

receipt-tax-id = NIF { $id }
receipt-invoice = Factura simplificada
receipt-total = TOTAL
receipt-rounding = Redondeo en efectivo
receipt-cash = Pagado en efectivo
receipt-card = Pagado con tarjeta
receipt-tax = IVA
receipt-tax-base = Base
receipt-tax-amount = Cuota

receipt-lines-on-ticket = Los artículos están en el tique de arriba y se guardan con él.
receipt-discount = descuento
receipt-subtotal = Antes de descuentos
receipt-discounts = Descuentos
receipt-given-cash = Entregado en efectivo
receipt-change = Cambio

receipt-choice = Su elección: { $choice }
receipt-not-answered = Sin respuesta, así que: { $choice }
receipt-code = Código de este recibo:
receipt-code-use = Con este código puede ver esta compra en la tienda, o pedir que se olvide.
receipt-code-forgotten = Con este código puede comprobar en la tienda que no se guardó nada más.
receipt-earlier = De antes de abrir la caja: aquí solo se puede ver el tique.
