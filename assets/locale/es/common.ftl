key-quantity = cantidad
key-search = buscar
key-void-line = anular
key-undo = deshacer
key-line-discount = dto. línea
key-sale-discount = dto. venta
key-customer = cliente
key-department = sección
key-pay = cobrar
key-void-sale = anular venta
key-tax = IVA
key-receipt = último recibo
key-lock = bloquear
key-quit = salir
key-cash = este efectivo
key-card = tarjeta
key-take-back = devolver
key-retry = reintentar
key-approved = aprobada
key-declined = rechazada
key-confirm = sí, hacerlo
key-choose = elegir
key-read-all = leer todo
key-complaint = quejas
key-language = idioma
key-accept = aceptar
key-back = volver
key-up = subir
key-down = bajar
key-page-up = página arriba
key-page-down = página abajo
key-help = más

# Cuentas que usan otras frases.
n-stores = { $stores ->
    [one] 1 tienda
   *[other] { $stores } tiendas
}
n-records = { $records ->
    [one] 1 registro
   *[other] { $records } registros
}
n-tickets = { $tickets ->
    [one] 1 tique
   *[other] { $tickets } tiques
}
n-purchases = { $purchases ->
    [one] 1 compra
   *[other] { $purchases } compras
}
n-forgets = { $forgets ->
    [one] 1 olvido
   *[other] { $forgets } olvidos
}
n-products = { $products ->
    [one] 1 producto
   *[other] { $products } productos
}
n-copies = { $copies ->
    [one] 1 copia
   *[other] { $copies } copias
}
