import-empty = El archivo está vacío.
import-empty-next = Guarde en él una línea de títulos y una línea por producto.
import-not-text = El archivo no es un texto CSV.
import-not-text-next = Ábralo en la hoja de cálculo y guárdelo como CSV.
import-missing-columns = No encuentro estas columnas: { $columns }.
import-missing-columns-next = La primera línea debe nombrarlas. Ahora dice: { $header }
import-ambiguous = El precio «{ $value }» de la línea { $line } puede leerse de dos maneras.
import-mixed = Unos precios llevan coma («{ $comma }») y otros tantos llevan punto («{ $dot }»).
import-decimal-next = Diga cuál es el signo decimal: --decimal , o --decimal .

import-line = Línea { $line }: { $reason }
import-in-column = { $column }: { $reason }
import-in-value = { $column } «{ $value }»: { $reason }
import-reason = motivo

import-missing-name = falta el nombre.
import-missing-price = falta el precio.
import-missing-code = falta un código de barras, una referencia o un PLU.
import-missing-tax = falta el tipo de IVA.
import-not-a-barcode = no es un código de barras de 8, 12, 13 o 14 cifras.
import-check-digit = la última cifra debería ser { $expected }.
import-rounded = la hoja de cálculo ha redondeado el código. Dé a la columna formato de texto.
import-not-a-plu = un PLU va de 1 a 99999.
import-not-a-price = no es un precio.
import-negative = un precio no puede ser negativo.
import-too-fine = tiene más decimales que la moneda.
import-too-large = es demasiado alto.
import-price-asked = el precio se pregunta al vender. Véndalo por sección.
import-not-a-rate = no es un tipo de IVA de 0 a 100.
import-unknown-unit = se vende por ud o por kg.
import-not-years = son años, de 0 a 100.
import-too-long = pasa de 200 caracteres.
import-control = lleva caracteres de control.
import-payment-card = parece una tarjeta de pago. Quite el número.
import-person = parece un teléfono o un correo. Quítelo.
import-double-barcode = el código de barras ya está en la línea { $line }.
import-double-sku = la referencia ya está en la línea { $line }.
import-double-plu = el PLU ya está en la línea { $line }.
import-too-many-values = { $values ->
    [one] hay 1 valor
   *[other] hay { $values } valores
} para { $columns ->
    [one] 1 columna
   *[other] { $columns } columnas
}. Ponga entre comillas el que lleva el separador.
import-unclosed-quote = aquí se abren unas comillas que no se cierran.

import-field-barcode = código de barras
import-field-plu = PLU
import-field-sku = referencia
import-field-name = nombre
import-field-department = sección
import-field-price = precio
import-field-tax = IVA
import-field-unit = unidad
import-field-years = años de vida
import-field-variant = variante
import-field-reference = grupo de variantes
import-field-status = estado

import-other-department = Varios
import-export-of = exportación de { $program }
import-separator = separador «{ $sign }»
import-tab = tabulador
import-decimal = decimal «{ $sign }»
import-columns = Columnas
import-not-imported = no se importa
import-first-products = Primeros productos
import-tax-included = Los precios se toman con el IVA incluido.
import-counts = { $products ->
    [one] 1 producto listo.
   *[other] { $products } productos listos.
}
import-counts-refused = { $refused ->
    [one] 1 línea rechazada.
   *[other] { $refused } líneas rechazadas.
}
import-counts-left = { $left ->
    [one] 1 línea no es un producto a la venta.
   *[other] { $left } líneas no son productos a la venta.
}
import-dry-run = Es una prueba: no se ha guardado nada.
import-nothing-done = No se ha guardado nada. Corrija las líneas, o importe las buenas con --skip-bad.
import-refused-file = Las líneas rechazadas están en { $path }
import-done = Importado: nuevos: { $added }; actualizados: { $updated }.
import-progress = { $percent } % · quedan { $seconds } s
