# Por qué se rechaza una política, y qué hacer.
policy-not-toml = Esta línea no se puede leer.
policy-not-toml-remedy = Revise sus comillas, corchetes y signo igual.
policy-duplicate = «{ $key }» está dos veces.
policy-duplicate-remedy = Quite una de las dos.
policy-unknown-key = «{ $key }» no es una clave de una política.
policy-unknown-key-remedy = Corrija cómo se escribe, o quítela.
policy-missing = Falta «{ $key }».
policy-missing-remedy = Añádala; la política de fábrica muestra cómo.
policy-bad-value = «{ $key }» tiene un valor que no sirve.
policy-bad-value-remedy = Escriba { $expected }.
policy-missing-text = Falta el texto «{ $key }».
policy-missing-text-remedy = Escríbalo, o quite su idioma de «languages».
policy-text-too-long = El texto «{ $key }» no cabe en su sitio.
policy-text-too-long-remedy = Acórtelo a { $limit } caracteres, fechas incluidas.
policy-unknown-placeholder = «{ $key }» pide un valor «{ $name }» que no puede tener.
policy-unknown-placeholder-remedy = Quite ese valor del texto.
policy-missing-placeholder = «{ $key }» no dice lo que hará la caja.
policy-missing-placeholder-remedy = Ponga {"{"}{ $name }{"}"} en el texto; la caja lo rellena.
policy-no-purpose = «{ $key }» no tiene finalidad.
policy-no-purpose-remedy = Diga en cada idioma para qué es el dato (purpose = "…").
policy-no-basis = Falta «{ $key }»: el dato no tiene base legal.
policy-no-basis-remedy = Nombre una: "legal-obligation", "contract" o "consent".
policy-no-term = Falta «{ $key }»: el dato se quedaría para siempre.
policy-no-term-remedy = Póngale un final, como {"{"} years = 3 {"}"}.
policy-not-mixed = Este dato es de una persona.
policy-not-mixed-remedy = Nombre una base legal; solo «class.counters» se mezcla con lo de otros.
policy-unknown-class = «{ $key }» nombra «{ $name }», que la política no define.
policy-unknown-class-remedy = Defina «class.{ $name }», o quítelo de la lista. La caja conoce ticket, counters, lines y profile.
policy-unknown-purpose = «{ $key }» nombra «{ $name }», que la política no define.
policy-unknown-purpose-remedy = Defina «purpose.{ $name }», o quítelo de la lista.
policy-unknown-choice = «{ $key }» nombra «{ $name }», que no es una elección.
policy-unknown-choice-remedy = Defina «choice.{ $name }», o nombre otra.
policy-not-in-order = «{ $key }» no está en «order», y nadie podría elegirla.
policy-not-in-order-remedy = Añádala a «order», o quite la elección.
policy-too-many-choices = Hay más elecciones de las que caben en la pantalla.
policy-too-many-choices-remedy = Ofrezca { $limit } como mucho.
policy-no-minimum = Ninguna elección guarda solo el mínimo legal.
policy-no-minimum-remedy = Añada una elección con memory = "none" que guarde solo ticket y counters, por obligación legal.
policy-default-not-minimum = La elección por defecto guarda más de lo que pide la ley.
policy-default-not-minimum-remedy = Escriba default = "{ $minimum }".
policy-always-kept = La caja guarda «{ $class }» de toda venta, y esta elección no lo dice.
policy-always-kept-remedy = Añada "{ $class }" a «keeps».
policy-memory-mismatch = «memory» y «keeps» se contradicen.
policy-memory-mismatch-remedy = "none" guarda ticket y counters, "receipt" también lines, "profile" también lines y profile.
policy-term-without-memory = Esta elección no guarda artículos, así que no tiene plazo propio.
policy-term-without-memory-remedy = Quite «term»; cuenta el plazo del tique.
policy-term-too-long = Esta elección guarda «{ $class }» más de lo que su clase permite.
policy-term-too-long-remedy = Acórtelo, o alargue «class.{ $class }.term».
policy-last-purchase-of-nobody = Sin perfil no hay última compra de nadie.
policy-last-purchase-of-nobody-remedy = Quite «after»: el plazo cuenta desde la compra.
policy-purposes-without-profile = Sin perfil nadie puede marcar una finalidad.
policy-purposes-without-profile-remedy = Quite «purposes», o ponga memory = "profile".
policy-keeps-first = Una elección que guarda más está antes que la que guarda menos.
policy-keeps-first-remedy = Ponga «{ $minimum }» la primera en «order».
policy-same-title = «{ $key }» es igual que el título de «{ $other }».
policy-same-title-remedy = Dé a cada tarjeta un título propio.
policy-not-consent = «{ $key }»: quien se recuerda ha de haberlo permitido.
policy-not-consent-remedy = Escriba basis = "consent" en «class.{ $class }».
policy-beyond-law = «{ $key }» pasa de lo que alguna ley pide para un tique: { $years } años.
policy-beyond-law-remedy = Acórtelo. Tiques: 6 años (Código de Comercio, artículo 30), como mucho { $years } (Ley General Tributaria, artículo 66 bis).
policy-no-last-day = «{ $key }» no tiene último día: quien no vuelva quedaría guardado para siempre.
policy-no-last-day-remedy = Póngale un plazo, como {"{"} years = 3 {"}"}.
policy-old-format = La política está escrita como hasta la versión 0.2.0.
policy-old-format-remedy = Escriba la política de esta versión con olvido policy new, ponga en ella lo suyo y deje su línea format = 2.
policy-version-not-raised = La política difiere de la que está en uso, versión { $current }, y su versión no es mayor.
policy-version-not-raised-remedy = Escriba version = { $next }.

policy-expected-release = { "{" } sales = 5, tickets = 32, longest = 1600 { "}" }, o más de cada cosa
policy-expected-number = un número entero desde 1
policy-expected-text = una línea de texto entre comillas
policy-expected-list = una lista de textos, como ["uno", "dos"]
policy-expected-table = una tabla con claves propias
policy-expected-term = {"{"} years = 3 {"}"} (de 1 a 100), {"{"} years = 3, after = "last-purchase" {"}"} o {"{"} days = 30 {"}"} (de 1 a 36500)
policy-expected-id = un nombre de 1 a 32 letras minúsculas, cifras y guiones

# Lo que hace una política cambiada.
policy-widens = Amplía
policy-narrows = Reduce
policy-rewords = Dice de otro modo
policy-choice-added = elección nueva «{ $choice }»
policy-choice-removed = la elección «{ $choice }» desaparece
policy-class-added = «{ $choice }» guarda también { $class }
policy-class-removed = «{ $choice }» ya no guarda { $class }
policy-memory-changed = «{ $choice }» guarda los artículos como «{ $to }» en vez de «{ $from }»
policy-choice-term = «{ $choice }» guarda los artículos { $to } en vez de { $from }
policy-class-term = { $class }: como mucho { $to } en vez de { $from }
policy-class-basis = { $class }: por { $to } en vez de { $from }
policy-purpose-added = «{ $choice }» ofrece la finalidad «{ $purpose }»
policy-purpose-removed = «{ $choice }» ya no ofrece la finalidad «{ $purpose }»
policy-detail = de lo vendido, el tique guarda { $to } en vez de { $from }
policy-detail-shop = solo qué vende la tienda
policy-detail-department-names = los nombres de las secciones
policy-detail-departments = el importe de cada sección
policy-detail-products = cada artículo con su importe
policy-default = por defecto vale «{ $to }» en vez de «{ $from }»; ambas guardan el mínimo
policy-order = las elecciones están en otro orden
policy-release = ventas de un producto / tiques / como máximo, antes de decir su cuenta: { $to } en vez de { $from }
policy-backup-days = lo que una copia de seguridad puede devolver: { $to } en vez de { $from }
policy-no-end = sin fin
policy-language-added = { $language } es un idioma nuevo
policy-language-removed = { $language } deja de ser un idioma
policy-language-es = español
policy-language-en = inglés
policy-text = las palabras de «{ $place }» en { $language }

policy-ticket = el tique
policy-counters = los recuentos
policy-lines = los artículos
policy-profile = el perfil
policy-years = { $count ->
    [one] 1 año
   *[other] { $count } años
}
policy-days = { $count ->
    [one] 1 día
   *[other] { $count } días
}
policy-years-after-last = { $count ->
    [one] 1 año desde la última compra recordada
   *[other] { $count } años desde la última compra recordada
}
policy-customer = lo que quiera el cliente

# Las órdenes policy show y policy check.
policy-accepted = { $file }: la política se puede usar.
policy-same = Guarda y dice lo mismo que la que está en uso.
policy-refused = { $file }: la política no se puede usar. { $count ->
    [one] Un motivo:
   *[other] { $count } motivos:
}
policy-line = { $file }, línea { $line }: { $reason }
policy-version = Política, versión { $version }

# Lo que en una política puede empujar al cliente.
policy-warning = { $file }, línea { $line }: aviso: { $reason }
policy-steers = «{ $key }» dice «{ $word }», y eso puede empujar.
policy-steers-remedy = Diga qué se guarda y hasta cuándo, y deje que juzgue el cliente.
policy-foreign = «{ $key }» escribe «{ $word }» con letras que no son latinas.
policy-foreign-remedy = Escriba la palabra otra vez: esas letras solo se parecen a las buenas.
policy-denies = «{ $key }» dice «{ $word }», y los artículos se guardan.
policy-denies-remedy = Diga en la tarjeta lo que se guarda.
policy-nobody = «{ $key }» es «{ $word }».
policy-nobody-remedy = Nombre la empresa o persona que responde de los datos.
policy-sign = «{ $key }» lleva el signo «{ $sign }».
policy-sign-remedy = Dígalo con palabras, sin adornos.
policy-number = «{ $key }» lleva la cifra { $number }, y cada tarjeta se elige con una cifra.
policy-number-remedy = Quítela: la caja muestra las cifras de todas las tarjetas por igual.
policy-leading = «{ $key }» no es una pregunta abierta.
policy-leading-remedy = Pregunte con qué, cuál, cuáles, cuánto o cómo. Por ejemplo: «¿Qué quiere que recordemos de esta compra?».
policy-exclamation = «{ $key }» lleva un signo de exclamación.
policy-exclamation-remedy = Escríbalo como una frase normal.
policy-capitals = «{ $key }» escribe «{ $word }» en mayúsculas.
policy-capitals-remedy = Use minúsculas: todas las tarjetas hablan igual de alto.
policy-uneven = «{ $key }» tiene { $longest } caracteres, y el mismo texto de otra tarjeta { $shortest }.
policy-uneven-remedy = Hágalos casi igual de largos, para que ninguna parezca más.
policy-long-term = «{ $key }» pasa de 6 años.
policy-long-term-remedy = El Código de Comercio pide 6 años (artículo 30). Más, solo si lo dice su asesor (Ley General Tributaria, artículo 66 bis).
policy-long-backups = «{ $key }»: una copia de seguridad podría devolver una compra olvidada durante { $days ->
    [one] 1 día.
   *[other] { $days ->
    [one] 1 día.
   *[other] { $days } días.
}
}
policy-long-backups-remedy = Haga copias más nuevas y acórtelo: lo normal son 30 días.

# El registro de actividades de tratamiento.
record-title = Registro de actividades de tratamiento (RGPD, artículo 30)
record-version = A { $day }, política versión { $version }
record-purpose = Finalidad
record-basis = Base
record-persons = Personas
record-data = Datos
record-recipients = Destinatarios
record-term = Plazo
record-term-sooner = antes, si el cliente lo pide
record-ticket-persons = quien compra; el tique no dice quién es
record-ticket-recipients = Hacienda; si se paga con tarjeta, los bancos; quien lleva la central, si la hay
record-counters-persons = quien compra; ningún recuento nombra a nadie
record-counters-recipients = nadie fuera de la tienda; quien lleva la central, si la hay
record-lines-persons = clientes que lo eligen
record-lines-recipients = nadie fuera de la tienda; quien lleva la central, si la hay, tiene una copia cifrada, con su clave aparte
record-profile-persons = clientes que lo eligen
record-profile-recipients = nadie fuera de la tienda; quien lleva la central, si la hay, tiene una copia cifrada, con su clave aparte
record-staff = El personal
record-staff-purpose = Abrir la caja, saber quién vende y con qué usuario del ordenador se consultó una compra guardada.
record-staff-basis = El contrato de trabajo (RGPD, artículo 6.1.b)
record-staff-persons = quien vende
record-staff-data = nombre, una huella del PIN y el usuario del ordenador en cada consulta
record-staff-recipients = nadie
record-staff-term = mientras venda aquí
record-transfers = Transferencias a otros países
record-transfers-none = Ninguna que haga este programa. La central está donde la puso la tienda.
record-security = Medidas de seguridad
record-security-sealed = Lo personal está cifrado, cada compra y cada perfil con una clave propia.
record-security-keys = Las claves están en un archivo aparte, envueltas con otra que no sale de la tienda.
record-security-access = Solo el usuario del sistema de la caja puede leer los archivos; la pantalla se bloquea con un PIN; cada consulta queda anotada.
record-security-forget = Olvidar sobrescribe la clave, en cada copia; olvido verify lo comprueba.
record-security-backups = Las copias de seguridad no llevan la clave de la tienda.
record-security-travel = Lo que va a la central viaja cifrado, a una central cuyo certificado conoce la caja.
