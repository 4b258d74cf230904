#!/usr/bin/env python3
"""Writes data/never-block, data/never-block-prefixes and data/popularity from stored snapshots of public sources.

A developer's tool: the product reads only what it wrote. The same sources give the same files.
Usage: tools/make_data.py SOURCES [OUT]
  SOURCES holds standards/misp-warninglists, standards/psl, top-domains and brands; OUT is data/.
Formats: docs/formats/never-block.md. What is shipped, and its licences: docs/DATA.md.
"""

import ipaddress
import json
import lzma
import re
import sys
from pathlib import Path

NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")

MISP_SOURCE = "github:MISP/misp-warninglists commit 84f0610, lists/{}"
MISP_DATE = "2026-08-20"
MISP_LICENCE = "CC0-1.0"

# file: (MISP list, severity of the name, severity of what lies below, Vietnamese, English)
MISP = {
    "automated-malware-analysis": ("refuse", "refuse", "Dịch vụ phân tích mã độc",
                                   "malware analysis services"),
    "bank-website": ("refuse", "refuse", "Trang chính thức của ngân hàng", "websites of banks"),
    "captive-portals": ("refuse", "refuse", "Tên dùng để kiểm tra kết nối mạng",
                        "names that devices use to test their connection"),
    "crl-hostname": ("refuse", "refuse", "Máy chủ thu hồi chứng thư (CRL, OCSP)",
                     "certificate revocation hosts (CRL, OCSP)"),
    "dynamic-dns": ("escalate", "note", "Dịch vụ tên miền động", "dynamic DNS services"),
    "google": ("refuse", "refuse", "Tên miền của Google", "domains of Google"),
    "link-in-bio": ("refuse", "note", "Dịch vụ trang liên kết cá nhân", "link-in-bio services"),
    "lots-project": ("refuse", "escalate", "Dịch vụ phổ biến hay bị lợi dụng",
                     "widely used services that are also abused"),
    "microsoft": ("refuse", "refuse", "Tên miền của Microsoft", "domains of Microsoft"),
    "microsoft-attack-simulator": ("escalate", "escalate", "Trang diễn tập lừa đảo của Microsoft",
                                   "phishing drill pages of Microsoft"),
    "microsoft-office365": ("refuse", "refuse", "Dịch vụ Microsoft 365", "Microsoft 365 services"),
    "parking-domain-ns": ("escalate", "note", "Dịch vụ giữ chỗ tên miền", "domain parking services"),
    "public-ipfs-gateways": ("escalate", "note", "Cổng IPFS công cộng", "public IPFS gateways"),
    "security-provider-blogpost": ("refuse", "note", "Trang của tổ chức nghiên cứu an ninh mạng",
                                   "sites of security researchers and vendors"),
    "umbrella-blockpage-hostname": ("refuse", "refuse", "Trang thông báo chặn của Cisco Umbrella",
                                    "block pages of Cisco Umbrella"),
    "university-domains": ("refuse", "escalate", "Tên miền của trường đại học",
                           "domains of universities"),
    "url-shortener": ("refuse", "escalate", "Dịch vụ rút gọn liên kết", "URL shorteners"),
    "whats-my-ip": ("escalate", "escalate", "Dịch vụ cho biết địa chỉ IP",
                    "services that tell one's address"),
}

# Lists of which not even one page may be ordered blocked: a page is an article there, or what devices
# depend on. Of any other list a page can be, by signers of two units.
NO_PAGES = ("crl-hostname", "press", "resolvers", "umbrella-blockpage-hostname")

OWN_SOURCE = "compiled by the Khiên project from general knowledge"

# Compiled by the project: what no warning list names, and no order may ever hit.
OWN = {
    "official-vietnam": ("refuse", "refuse", "Tên miền của cơ quan nhà nước Việt Nam",
                         "names of Vietnamese public bodies",
                         "gov.vn chinhphu.vn quochoi.vn dangcongsan.vn mps.gov.vn vnnic.vn nic.vn "
                         "dns.vn vncert.vn ncsc.gov.vn tinnhiemmang.vn vneid.gov.vn "
                         "dichvucong.gov.vn mil.vn"),
    "infrastructure": ("refuse", "refuse", "Hạ tầng Internet: CDN, điện toán đám mây, máy chủ gốc",
                       "Internet infrastructure: CDN, cloud, root and registry servers",
                       "root-servers.net gtld-servers.net in-addr-servers.arpa ip6-servers.arpa "
                       "iana.org icann.org cloudflare.com cloudflare.net cloudflareinsights.com googleapis.com "
                       "cloudflaressl.com akamai.net akamai.com akamaiedge.net akamaihd.net "
                       "akamaized.net akamaitechnologies.com akadns.net edgekey.net edgesuite.net "
                       "fastly.net fastly.com fastlylb.net cloudfront.net awsglobalaccelerator.com "
                       "awsdns.com aws.amazon.com amazonaws.com.cn azureedge.net azurefd.net "
                       "trafficmanager.net msecnd.net b-cdn.net bunny.net bunnycdn.com "
                       "cdn77.org cdn77.com kxcdn.com stackpathcdn.com stackpathdns.com llnwd.net "
                       "llnwi.net edgecastcdn.net incapdns.net impervadns.net gcdn.co gcore.com "
                       "jsdelivr.net unpkg.com cdnjs.com bootstrapcdn.com jquery.com typekit.net "
                       "fontawesome.com gravatar.com polyfill.io vnetwork.vn vncdn.net vccorp.vn "
                       "mediacdn.vn vnecdn.net vngcloud.vn bizflycloud.vn fptcloud.com "
                       "viettelcdn.vn viettelidc.com.vn alicdn.com qcloud.com myqcloud.com "
                       "letsencrypt.org lencr.org digicert.com sectigo.com globalsign.com "
                       "pki.goog ntp.org debian.org ubuntu.com archlinux.org fedoraproject.org "
                       "kernel.org npmjs.org npmjs.com pypi.org pythonhosted.org docker.io "
                       "docker.com windowsupdate.com apple.com icloud.com icloud-content.com "
                       "mzstatic.com aaplimg.com cdn-apple.com"),
    "resolvers": ("refuse", "refuse", "Máy chủ phân giải tên miền công cộng",
                  "public DNS resolvers",
                  "dns.google dns.google.com one.one.one.one cloudflare-dns.com "
                  "mozilla.cloudflare-dns.com dns.quad9.net quad9.net opendns.com "
                  "resolver1.opendns.com doh.opendns.com umbrella.com dns.adguard.com "
                  "dns.adguard-dns.com adguard-dns.com dns.nextdns.io nextdns.io "
                  "cleanbrowsing.org doh.cleanbrowsing.org dns.mullvad.net dns0.eu dns.sb "
                  "controld.com dns.controld.com freedns.controld.com doh.li dnscrypt.info "
                  "doh.pub alidns.com dns.alidns.com"),
    "mail": ("refuse", "refuse", "Dịch vụ thư điện tử", "mail services",
             "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com "
             "yahoo.com.vn ymail.com yahoodns.net protection.outlook.com mail.protection.outlook.com "
             "proton.me protonmail.com protonmail.ch zoho.com zohomail.com zoho.eu mailgun.org "
             "mailgun.net sendgrid.net sendgrid.com amazonses.com mailchimp.com mandrillapp.com "
             "sparkpostmail.com pphosted.com mimecast.com messagelabs.com mailjet.com gmx.net "
             "gmx.com mail.com mail.ru yandex.ru yandex.com yandex.net fastmail.com "
             "messagingengine.com tuta.com tutanota.com icloud.com me.com mac.com naver.com qq.com "
             "163.com 126.com"),
    "platforms": ("refuse", "escalate", "Nền tảng lớn: mạng xã hội, nhắn tin, tri thức",
                  "large platforms: social networks, messengers, knowledge",
                  "facebook.com facebook.net fbcdn.net fb.com fbsbx.com messenger.com instagram.com "
                  "cdninstagram.com whatsapp.com whatsapp.net threads.net zalo.me zaloapp.com "
                  "zalopay.vn zadn.vn zing.vn zdn.vn tiktok.com tiktokcdn.com tiktokv.com "
                  "telegram.org t.me telegram.me viber.com twitter.com x.com twimg.com linkedin.com "
                  "licdn.com reddit.com redditstatic.com redd.it pinterest.com pinimg.com "
                  "snapchat.com discord.com discordapp.com discordapp.net skype.com zoom.us "
                  "teams.microsoft.com signal.org wikipedia.org wikimedia.org wiktionary.org "
                  "wikidata.org github.com githubusercontent.com githubassets.com gitlab.com "
                  "bitbucket.org stackoverflow.com stackexchange.com archive.org netflix.com "
                  "nflxvideo.net spotify.com amazon.com paypal.com paypalobjects.com visa.com "
                  "mastercard.com shopee.vn shopee.com lazada.vn lazada.com tiki.vn sendo.vn "
                  "thegioididong.com grab.com coccoc.com baidu.com bing.com duckduckgo.com "
                  "mozilla.org mozilla.net firefox.com adobe.com dropbox.com ebay.com "
                  "alibaba.com aliexpress.com samsung.com samsungcloud.com samsungdm.com "
                  "canva.com openai.com chatgpt.com anthropic.com claude.ai"),
    "press": ("refuse", "refuse", "Cơ quan báo chí và hãng tin", "news media",
              "vnexpress.net tuoitre.vn thanhnien.vn dantri.com.vn vietnamnet.vn nhandan.vn vtv.vn "
              "vov.vn vietnamplus.vn laodong.vn tienphong.vn baochinhphu.vn qdnd.vn cand.com.vn "
              "sggp.org.vn nld.com.vn plo.vn znews.vn zingnews.vn kenh14.vn cafef.vn soha.vn "
              "baomoi.com vneconomy.vn ttxvn.vn baotintuc.vn bbc.com bbc.co.uk reuters.com "
              "apnews.com afp.com nytimes.com theguardian.com washingtonpost.com cnn.com dw.com "
              "rfi.fr rfa.org voanews.com voatiengviet.com bloomberg.com ft.com economist.com "
              "aljazeera.com nhk.or.jp kyodonews.net yna.co.kr xinhuanet.com straitstimes.com"),
}
OWN_DATE = "2026-11-23"

# file: (MISP lists of prefixes, Vietnamese, English). Addresses that everybody uses together.
MISP_PREFIXES = {
    "cdn-akamai": (["akamai"], "Mạng phân phối nội dung Akamai", "the CDN of Akamai"),
    "cdn-cloudflare": (["cloudflare"], "Mạng phân phối nội dung Cloudflare", "the CDN of Cloudflare"),
    "cdn-fastly": (["fastly"], "Mạng phân phối nội dung Fastly", "the CDN of Fastly"),
    "cdn-stackpath": (["stackpath"], "Mạng phân phối nội dung StackPath", "the CDN of StackPath"),
    "cloud-amazon": (["amazon-aws"], "Đám mây Amazon AWS", "the cloud of Amazon AWS"),
    "cloud-google": (["google-gcp"], "Đám mây Google", "the cloud of Google"),
    "cloud-microsoft": (["microsoft-azure"], "Đám mây Microsoft Azure", "the cloud of Microsoft Azure"),
    "cloud-zscaler": (["zscaler"], "Cổng bảo vệ Zscaler", "the gateways of Zscaler"),
    "hosting-ovh": (["ovh-cluster"], "Máy chủ dùng chung của OVH", "the shared hosting of OVH"),
    "mail-google": (["google-gmail-sending-ips"], "Thư điện tử của Google", "the mail of Google"),
    "mail-microsoft": (["microsoft-office365-ip"], "Microsoft 365", "Microsoft 365"),
    "mail-receivers": (["smtp-receiving-ips"], "Máy chủ nhận thư lớn", "large mail servers"),
    "resolvers-v6": (["public-dns-v6"], "Máy phân giải DNS công cộng (IPv6)",
                     "public DNS resolvers (IPv6)"),
}

# Compiled by the project: resolvers that people set by hand, and the root servers.
OWN_PREFIXES = {
    "resolvers": ("Máy phân giải DNS công cộng", "public DNS resolvers",
                  "1.0.0.0/24 1.1.1.0/24 8.8.4.0/24 8.8.8.0/24 9.9.9.0/24 149.112.112.0/24 "
                  "208.67.220.0/24 208.67.222.0/24 94.140.14.0/24 94.140.15.0/24 45.90.28.0/24 "
                  "45.90.30.0/24 76.76.2.0/24 76.76.10.0/24 185.228.168.0/24 185.228.169.0/24 "
                  "64.6.64.0/24 64.6.65.0/24 193.110.81.0/24 185.253.5.0/24 "
                  "2606:4700:4700::/48 2001:4860:4860::/48 2620:fe::/48 2620:119:35::/48 "
                  "2620:119:53::/48 2a10:50c0::/32 2a07:a8c0::/32 2a07:a8c1::/32"),
    "root-servers": ("Máy chủ gốc của DNS", "root servers of DNS",
                     "198.41.0.4 170.247.170.2 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241 "
                     "192.112.36.4 198.97.190.53 192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 "
                     "202.12.27.33 2001:503:ba3e::2:30 2801:1b8:10::b 2001:500:2::c 2001:500:2d::d "
                     "2001:500:a8::e 2001:500:2f::f 2001:500:12::d0d 2001:500:1::53 2001:7fe::53 "
                     "2001:503:c27::2:30 2001:7fd::1 2001:500:9f::42 2001:dc3::35"),
}
OWN_PREFIXES_DATE = "2026-11-28"


def read_misp(sources, name):
    folder = "university_domains" if name == "university-domains" else name
    content = json.loads((sources / "standards/misp-warninglists/lists" / folder / "list.json")
                         .read_text(encoding="utf-8"))
    return folder, content["list"]


def normalise(entries):
    """A-label names of at least two labels; the rest is counted, because a bare suffix or a torn
    line would protect too much or nothing."""
    names, left_out = set(), 0
    for entry in entries:
        name = entry.strip().strip(".").lower()
        if not name.isascii():
            name = name.encode("idna").decode()
        if NAME.fullmatch(name) and not name.rsplit(".", 1)[1].isdigit():
            names.add(name)
        else:
            left_out += 1
    return names, left_out


def private_suffixes(sources):
    text = (sources / "standards/psl/public_suffix_list.dat").read_text(encoding="utf-8")
    private = text.split("===BEGIN PRIVATE DOMAINS===")[1]
    return {line.removeprefix("*.") for line in private.splitlines()
            if line and not line.startswith(("//", "!"))}


def write(path, header, names):
    lines = [f"# {key}: {value}" if value else f"# {key}" for key, value in header]
    path.write_text("\n".join(lines + sorted(names)) + "\n", encoding="utf-8")
    print(f"{path}: {len(names)} names")


def never_block(path, name, vi, en, source, licence, date, severity, below, names):
    header = [("khien never-block list, format 1", ""), ("name", name), ("title-vi", vi),
              ("title-en", en), ("owner", "Khiên project"), ("source", source),
              ("licence", licence), ("date", date), ("severity", severity), ("below", below)]
    if name in NO_PAGES:
        header.append(("pages", "refuse"))
    write(path / f"{name}.txt", header, names)


def merged(entries):
    """Prefixes in order, those merged that together are one; what is none is left out."""
    networks = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            print(f"left out: {entry}")
    out = []
    for version in (4, 6):
        of_version = [network for network in networks if network.version == version]
        out += [str(network).removesuffix(f"/{network.max_prefixlen}")
                for network in ipaddress.collapse_addresses(of_version)]
    return out


def never_block_prefixes(path, name, vi, en, source, licence, date, prefixes):
    header = [("khien never-block prefixes, format 1", ""), ("name", name), ("title-vi", vi),
              ("title-en", en), ("owner", "Khiên project"), ("source", source), ("licence", licence),
              ("date", date), ("severity", "refuse")]
    lines = [f"# {key}: {value}" if value else f"# {key}" for key, value in header]
    (path / f"{name}.txt").write_text("\n".join(lines + prefixes) + "\n", encoding="utf-8")
    print(f"{path / name}.txt: {len(prefixes)} prefixes")


def write_prefixes(sources, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, (lists, vi, en) in MISP_PREFIXES.items():
        entries = [entry for one in lists for entry in read_misp(sources, one)[1]]
        never_block_prefixes(out, name, vi, en, MISP_SOURCE.format(", ".join(lists)), MISP_LICENCE,
                             MISP_DATE, merged(entries))
    for name, (vi, en, words) in OWN_PREFIXES.items():
        never_block_prefixes(out, name, vi, en, OWN_SOURCE, "Apache-2.0", OWN_PREFIXES_DATE,
                             merged(words.split()))


def main():
    sources = Path(sys.argv[1])
    out = Path(sys.argv[2] if len(sys.argv) > 2 else "data")
    lists = out / "never-block"
    lists.mkdir(parents=True, exist_ok=True)

    # Names that Google, Microsoft and others keep for their users' sites: below them anybody may
    # have put a page, so what lies below must stay orderable.
    suffixes = private_suffixes(sources)
    hosting = set()
    for name, (severity, below, vi, en) in MISP.items():
        folder, entries = read_misp(sources, name)
        names, left_out = normalise(entries)
        if left_out:
            print(f"{name}: {left_out} entries left out")
        if name in ("google", "microsoft", "microsoft-office365", "lots-project"):
            hosting |= names & suffixes
            names -= suffixes
        never_block(lists, name, vi, en, MISP_SOURCE.format(folder), MISP_LICENCE, MISP_DATE,
                    severity, below, names)
    for name, (severity, below, vi, en, words) in OWN.items():
        names, left_out = normalise(words.split())
        assert left_out == 0
        hosting -= names
        never_block(lists, name, vi, en, OWN_SOURCE, "Apache-2.0", OWN_DATE, severity, below, names)
    never_block(lists, "hosting-platforms", "Nền tảng lưu trữ trang của người dùng",
                "platforms that host their users' sites",
                "github:MISP/misp-warninglists commit 84f0610, names that are also in the private "
                "section of the Public Suffix List", MISP_LICENCE, MISP_DATE, "refuse", "note",
                hosting)

    write_prefixes(sources, out / "never-block-prefixes")

    # Only domains that a source confirmed; the rest waits for a person.
    brands = set()
    for line in (sources / "brands/brands.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        _, _, domains, _, source = line.split("\t")
        confirmed = source.split("UNCHECKED")[0]
        brands |= {d for d in domains.split(",") if d and d in re.split(r"[ ,;]+", confirmed)}
    names, _ = normalise(brands)
    never_block(lists, "protected-brands", "Trang chính thức của thương hiệu được bảo vệ",
                "official sites of protected brands",
                "official domains seen in github:delta94/vietnam commit 50ba96e and in "
                "github:MISP/misp-warninglists commit 84f0610", "facts, no text copied",
                MISP_DATE, "refuse", "refuse", names - suffixes)

    popular = lzma.open(sources / "top-domains/misp-majestic_million.txt.xz", "rt").read()
    names, left_out = normalise(popular.split())
    print(f"majestic: {left_out} entries left out")
    (out / "popularity").mkdir(parents=True, exist_ok=True)
    write(out / "popularity/majestic-10k.txt",
          [("khien popularity list, format 1", ""), ("name", "majestic-10k"),
           ("title-vi", "10.000 tên miền được liên kết nhiều nhất (Majestic Million)"),
           ("title-en", "the 10,000 most linked domains (Majestic Million)"),
           ("owner", "Khiên project"),
           ("source", "The Majestic Million (majestic.com) by way of github:MISP/misp-warninglists "
                      "commit 84f0610, lists/majestic_million"),
           ("licence", "CC-BY-3.0"), ("date", MISP_DATE), ("members-of-top", "10000"),
           ("ranked", "no; the stored copy is alphabetical: membership is known, the rank is not")],
          names)


if __name__ == "__main__":
    main()
