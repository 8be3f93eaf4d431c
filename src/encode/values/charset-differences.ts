// Where MySQL's multi-byte character sets differ from iconv-lite's tables of the same name, read from a MySQL 9.7 server.
// CODE=POINT, CODE*COUNT=POINT (COUNT codes from CODE on are all POINT: 3f, unknown to the server) and CODE+COUNT=POINT
// (they are POINT and the ones behind it); all hexadecimal. test/integration/charset-parity.test.ts compares the outcome
// with the server at hand.

/** By MySQL's name of the character set. */
export const CHARSET_DIFFERENCES: Readonly<Record<string, {readonly iconv: string; readonly differences: string}>> = {
  big5: {
    iconv: 'big5',
    differences:
      'a145=2022 a14e=ff64 a15a=fffd a1c2=203e a1c3=fffd a1c5=fffd a1e3=223c a1f2=2641 a1f3=2609 a1fe=fffd ' +
      'a240=fffd a241=ff0f a242=ff3c a244=a5 a246+2=a2 a2cc=fffd a2ce=fffd a3c0*3f=3f c6a1=30fe c6a2+2=309d ' +
      'c6a4=3005 c6a5+53=3041 c6f8+7=30a1 c740+3f=30a8 c7a1+10=30e7 c7b1+2=414 c7b3=401 c7b4+7=416 c7bb+13=423 ' +
      'c7ce=451 c7cf+1a=436 c7e9+a=2460 c7f3+a=2474 c7fd*2=3f c840*3f=3f c8a1*5e=3f f9dd*22=3f',
  },
  gbk: {
    iconv: 'gbk',
    differences:
      'a140*3f=3f a180*21=3f a240*3f=3f a280*21=3f a2ab*6=3f a2e3*2=3f a2ef*2=3f a2fd*2=3f a340*3f=3f ' +
      'a380*21=3f a440*3f=3f a480*21=3f a4f4*b=3f a540*3f=3f a580*21=3f a5f7*8=3f a640*3f=3f a680*21=3f ' +
      'a6b9*8=3f a6d9*7=3f a6ec*2=3f a6f3=3f a6f6*9=3f a740*3f=3f a780*21=3f a7c2*f=3f a7f2*d=3f a896*b=3f ' +
      'a8bc=3f a8bf=3f a8c1*4=3f a8ea*15=3f a958=3f a95b=3f a95d*3=3f a989*d=3f a997*d=3f a9f0*f=3f aaa1*5e=3f ' +
      'aba1*5e=3f aca1*5e=3f ada1*5e=3f aea1*5e=3f afa1*5e=3f d7fa*5=3f f8a1*5e=3f f9a1*5e=3f faa1*5e=3f ' +
      'fba1*5e=3f fca1*5e=3f fda1*5e=3f fe50*2f=3f fe80*7f=3f',
  },
  gb2312: {
    iconv: 'gb2312',
    differences:
      'a1a4=30fb a1aa=2015 a2a1*10=3f a2e3*2=3f a2ef*2=3f a2fd*2=3f a4f4*b=3f a5f7*8=3f a6b9*8=3f a6d9*26=3f ' +
      'a7c2*f=3f a7f2*d=3f a8bb*a=3f a8ea*15=3f a9a1*3=3f a9f0*f=3f aaa1*5e=3f aba1*5e=3f aca1*5e=3f ada1*5e=3f ' +
      'aea1*5e=3f afa1*5e=3f d7fa*5=3f',
  },
  sjis: {
    iconv: 'shiftjis',
    differences:
      '815f=5c 8160=301c 8161=2016 817c=2212 8191+2=a2 81ad*b=3f 81c0*8=3f 81ca=ac 81cf*b=3f 81e9*7=3f ' +
      '81f8*4=3f 8240*f=3f 8259*7=3f 827a*5=3f 8280=3f 829b*4=3f 82f2*b=3f 8397*8=3f 83b7*8=3f 83d7*26=3f ' +
      '8461*f=3f 8492*d=3f 84bf*3e=3f 8540*3f=3f 8580*7d=3f 8640*3f=3f 8680*7d=3f 8740*3f=3f 8780*7d=3f ' +
      '8840*3f=3f 8880*1f=3f 9873*c=3f 9880*1f=3f eaa5*58=3f eb40*3f=3f eb80*7d=3f ec40*3f=3f ec80*7d=3f ' +
      'ed40*3f=3f ed80*7d=3f ee40*3f=3f ee80*7d=3f ef40*3f=3f ef80*7d=3f f040*3f=3f f080*7d=3f f140*3f=3f ' +
      'f180*7d=3f f240*3f=3f f280*7d=3f f340*3f=3f f380*7d=3f f440*3f=3f f480*7d=3f f540*3f=3f f580*7d=3f ' +
      'f640*3f=3f f680*7d=3f f740*3f=3f f780*7d=3f f840*3f=3f f880*7d=3f f940*3f=3f f980*7d=3f fa40*3f=3f ' +
      'fa80*7d=3f fb40*3f=3f fb80*7d=3f fc40*3f=3f fc80*7d=3f',
  },
  cp932: {
    iconv: 'cp932',
    differences:
      '81ad*b=3f 81c0*8=3f 81cf*b=3f 81e9*7=3f 81f8*4=3f 8240*f=3f 8259*7=3f 827a*5=3f 8280=3f 829b*4=3f ' +
      '82f2*b=3f 8397*8=3f 83b7*8=3f 83d7*26=3f 8461*f=3f 8492*d=3f 84bf*3e=3f 8540*3f=3f 8580*7d=3f 8640*3f=3f ' +
      '8680*7d=3f 875e=3f 8776*8=3f 879d*60=3f 8840*3f=3f 8880*1f=3f 9873*c=3f 9880*1f=3f eaa5*58=3f eb40*3f=3f ' +
      'eb80*7d=3f ec40*3f=3f ec80*7d=3f eeed*2=3f ef40*3f=3f ef80*7d=3f f941+3e=e69d f980+7d=e6db fc4c*33=3f ' +
      'fc80*7d=3f',
  },
  ujis: {
    iconv: 'eucjp',
    differences:
      'a1c0=5c a1c1=301c a1c2=2016 a1dd=2212 a1f1+2=a2 a2af*b=3f a2c2*8=3f a2cc=ac a2d1*b=3f a2eb*7=3f ' +
      'a2fa*4=3f a3a1*f=3f a3ba*7=3f a3db*6=3f a3fb*4=3f a4f4*b=3f a5f7*8=3f a6b9*8=3f a6d9*26=3f a7c2*f=3f ' +
      'a7f2*d=3f a8c1*3e=3f a9a1*5e=3f aaa1*5e=3f aba1*5e=3f aca1*5e=3f ada1*5e=3f aea1*5e=3f afa1*5e=3f ' +
      'cfd4*2b=3f f4a7*58=3f f5a1+5e=e000 f6a1+5e=e05e f7a1+5e=e0bc f8a1+5e=e11a f9a1+5e=e178 faa1+5e=e1d6 ' +
      'fba1+5e=e234 fca1+5e=e292 fda1+5e=e2f0 fea1+5e=e34e 8fa1a1*5e=3f 8fa2a1*e=3f 8fa2b7=7e 8fa2ba*8=3f ' +
      '8fa2c5*26=3f 8fa2f2*d=3f 8fa3a1*5e=3f 8fa4a1*5e=3f 8fa5a1*5e=3f 8fa6a1*40=3f 8fa6e6=3f 8fa6e8=3f ' +
      '8fa6eb=3f 8fa6ed*4=3f 8fa6fd*2=3f 8fa7a1*21=3f 8fa7cf*23=3f 8fa8a1*5e=3f 8fa9a3=3f 8fa9a5=3f 8fa9a7=3f ' +
      '8fa9aa=3f 8fa9ae=3f 8fa9b1*10=3f 8fa9d1*2e=3f 8faab9=3f 8faaf8*7=3f 8fabbc=3f 8fabc4=3f 8fabf8*7=3f ' +
      '8faca1*5e=3f 8fada1*5e=3f 8faea1*5e=3f 8fafa1*5e=3f 8fede4*1b=3f 8feea1*5e=3f 8fefa1*5e=3f 8ff0a1*5e=3f ' +
      '8ff1a1*5e=3f 8ff2a1*5e=3f 8ff3a1*5e=3f 8ff4a1*5e=3f 8ff5a1+5e=e3ac 8ff6a1+5e=e40a 8ff7a1+5e=e468 ' +
      '8ff8a1+5e=e4c6 8ff9a1+5e=e524 8ffaa1+5e=e582 8ffba1+5e=e5e0 8ffca1+5e=e63e 8ffda1+5e=e69c 8ffea1+5e=e6fa',
  },
  eucjpms: {
    iconv: 'eucjp',
    differences:
      'a2af*b=3f a2c2*8=3f a2d1*b=3f a2eb*7=3f a2fa*4=3f a3a1*f=3f a3ba*7=3f a3db*6=3f a3fb*4=3f a4f4*b=3f ' +
      'a5f7*8=3f a6b9*8=3f a6d9*26=3f a7c2*f=3f a7f2*d=3f a8c1*3e=3f a9a1*5e=3f aaa1*5e=3f aba1*5e=3f ' +
      'aca1*5e=3f adbf=3f add7*8=3f adfd*2=3f aea1*5e=3f afa1*5e=3f cfd4*2b=3f f4a7*58=3f f5a1+5e=e000 ' +
      'f6a1+5e=e05e f7a1+5e=e0bc f8a1+5e=e11a f9a1+5e=e178 faa1+5e=e1d6 fba1+5e=e234 fca1+5e=e292 fda1+5e=e2f0 ' +
      'fea1+5e=e34e 8fa1a1*5e=3f 8fa2a1*e=3f 8fa2ba*8=3f 8fa2c3=ffe4 8fa2c5*26=3f 8fa2f2*d=3f 8fa3a1*5e=3f ' +
      '8fa4a1*5e=3f 8fa5a1*5e=3f 8fa6a1*40=3f 8fa6e6=3f 8fa6e8=3f 8fa6eb=3f 8fa6ed*4=3f 8fa6fd*2=3f ' +
      '8fa7a1*21=3f 8fa7cf*23=3f 8fa8a1*5e=3f 8fa9a3=3f 8fa9a5=3f 8fa9a7=3f 8fa9aa=3f 8fa9ae=3f 8fa9b1*10=3f ' +
      '8fa9d1*2e=3f 8faab9=3f 8faaf8*7=3f 8fabbc=3f 8fabc4=3f 8fabf8*7=3f 8faca1*5e=3f 8fada1*5e=3f ' +
      '8faea1*5e=3f 8fafa1*5e=3f 8fede4*1b=3f 8feea1*5e=3f 8fefa1*5e=3f 8ff0a1*5e=3f 8ff1a1*5e=3f 8ff2a1*5e=3f ' +
      '8ff3a1*52=3f 8ff3f3+a=2170 8ff3fd+2=2160 8ff4a1+8=2162 8ff4a9=ff07 8ff4aa=ff02 8ff4ab=3231 8ff4ac=2116 ' +
      '8ff4ad=2121 8ff4ae=70bb 8ff4af=4efc 8ff4b0=50f4 8ff4b1=51ec 8ff4b2=5307 8ff4b3=5324 8ff4b4=fa0e ' +
      '8ff4b5=548a 8ff4b6=5759 8ff4b7+2=fa0f 8ff4b9=589e 8ff4ba=5bec 8ff4bb=5cf5 8ff4bc=5d53 8ff4bd=fa11 ' +
      '8ff4be=5fb7 8ff4bf=6085 8ff4c0=6120 8ff4c1=654e 8ff4c2=663b 8ff4c3=6665 8ff4c4=fa12 8ff4c5=f929 ' +
      '8ff4c6=6801 8ff4c7+2=fa13 8ff4c9=6a6b 8ff4ca=6ae2 8ff4cb=6df8 8ff4cc=6df2 8ff4cd=7028 8ff4ce+2=fa15 ' +
      '8ff4d0=7501 8ff4d1=7682 8ff4d2=769e 8ff4d3=fa17 8ff4d4=7930 8ff4d5+4=fa18 8ff4d9=7ae7 8ff4da+2=fa1c ' +
      '8ff4dc=7da0 8ff4dd=7dd6 8ff4de=fa1e 8ff4df=8362 8ff4e0=fa1f 8ff4e1=85b0 8ff4e2+2=fa20 8ff4e4=8807 ' +
      '8ff4e5=fa22 8ff4e6=8b7f 8ff4e7=8cf4 8ff4e8=8d76 8ff4e9+3=fa23 8ff4ec=90de 8ff4ed=fa26 8ff4ee=9115 ' +
      '8ff4ef+2=fa27 8ff4f1=9592 8ff4f2=f9dc 8ff4f3=fa29 8ff4f4=973b 8ff4f5=974d 8ff4f6=9751 8ff4f7+3=fa2a ' +
      '8ff4fa=999e 8ff4fb=9ad9 8ff4fc=9b72 8ff4fd=fa2d 8ff4fe=9ed1 8ff5a1+5e=e3ac 8ff6a1+5e=e40a 8ff7a1+5e=e468 ' +
      '8ff8a1+5e=e4c6 8ff9a1+5e=e524 8ffaa1+5e=e582 8ffba1+5e=e5e0 8ffca1+5e=e63e 8ffda1+5e=e69c 8ffea1+5e=e6fa',
  },
  euckr: {
    iconv: 'euckr',
    differences:
      'a2e8*17=3f a5ab*5=3f a5ba*7=3f a5d9*8=3f a5f9*6=3f a6e5*1a=3f a7f0*f=3f a8a5=3f a8a7=3f a8b0=3f ' +
      'aaf4*b=3f abf7*8=3f acc2*f=3f acf2*d=3f ada1*5e=3f aea1*5e=3f afa1*5e=3f c653*8=3f c661*1a=3f c681*20=3f ' +
      'c741*1a=3f c761*1a=3f c781*20=3f c841*1a=3f c861*1a=3f c881*20=3f c941*1a=3f c961*1a=3f c981*7e=3f ' +
      'ca41*1a=3f ca61*1a=3f ca81*20=3f cb41*1a=3f cb61*1a=3f cb81*20=3f cc41*1a=3f cc61*1a=3f cc81*20=3f ' +
      'cd41*1a=3f cd61*1a=3f cd81*20=3f ce41*1a=3f ce61*1a=3f ce81*20=3f cf41*1a=3f cf61*1a=3f cf81*20=3f ' +
      'd041*1a=3f d061*1a=3f d081*20=3f d141*1a=3f d161*1a=3f d181*20=3f d241*1a=3f d261*1a=3f d281*20=3f ' +
      'd341*1a=3f d361*1a=3f d381*20=3f d441*1a=3f d461*1a=3f d481*20=3f d541*1a=3f d561*1a=3f d581*20=3f ' +
      'd641*1a=3f d661*1a=3f d681*20=3f d741*1a=3f d761*1a=3f d781*20=3f d841*1a=3f d861*1a=3f d881*20=3f ' +
      'd941*1a=3f d961*1a=3f d981*20=3f da41*1a=3f da61*1a=3f da81*20=3f db41*1a=3f db61*1a=3f db81*20=3f ' +
      'dc41*1a=3f dc61*1a=3f dc81*20=3f dd41*1a=3f dd61*1a=3f dd81*20=3f de41*1a=3f de61*1a=3f de81*20=3f ' +
      'df41*1a=3f df61*1a=3f df81*20=3f e041*1a=3f e061*1a=3f e081*20=3f e141*1a=3f e161*1a=3f e181*20=3f ' +
      'e241*1a=3f e261*1a=3f e281*20=3f e341*1a=3f e361*1a=3f e381*20=3f e441*1a=3f e461*1a=3f e481*20=3f ' +
      'e541*1a=3f e561*1a=3f e581*20=3f e641*1a=3f e661*1a=3f e681*20=3f e741*1a=3f e761*1a=3f e781*20=3f ' +
      'e841*1a=3f e861*1a=3f e881*20=3f e941*1a=3f e961*1a=3f e981*20=3f ea41*1a=3f ea61*1a=3f ea81*20=3f ' +
      'eb41*1a=3f eb61*1a=3f eb81*20=3f ec41*1a=3f ec61*1a=3f ec81*20=3f ed41*1a=3f ed61*1a=3f ed81*20=3f ' +
      'ee41*1a=3f ee61*1a=3f ee81*20=3f ef41*1a=3f ef61*1a=3f ef81*20=3f f041*1a=3f f061*1a=3f f081*20=3f ' +
      'f141*1a=3f f161*1a=3f f181*20=3f f241*1a=3f f261*1a=3f f281*20=3f f341*1a=3f f361*1a=3f f381*20=3f ' +
      'f441*1a=3f f461*1a=3f f481*20=3f f541*1a=3f f561*1a=3f f581*20=3f f641*1a=3f f661*1a=3f f681*20=3f ' +
      'f741*1a=3f f761*1a=3f f781*20=3f f841*1a=3f f861*1a=3f f881*20=3f f941*1a=3f f961*1a=3f f981*20=3f ' +
      'fa41*1a=3f fa61*1a=3f fa81*20=3f fb41*1a=3f fb61*1a=3f fb81*20=3f fc41*1a=3f fc61*1a=3f fc81*20=3f ' +
      'fd41*1a=3f fd61*1a=3f fd81*20=3f fe41*1a=3f fe61*1a=3f fe81*7e=3f',
  },
  gb18030: {
    iconv: 'gb18030',
    differences: 'a3a0=e5e5',
  },
}
